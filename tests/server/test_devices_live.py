"""Presence with hysteresis, alarms that stand, calls to devices, runs that agents share."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.domain.errors import Missing
from server.domain.roles import Actor
from server.office import Office
from server.services import agents, alarms, calling, presence, roster, telemetry, waiting
from server.services.agents import Beat
from server.store import edge_state
from server.store.engine import reading, writing
from server.store.tables import device_states, events


class Street:
    """Messages of devices, numbered per device, arriving now."""

    def __init__(self, office: Office, clock) -> None:
        self.office, self.clock = office, clock
        self.seq: dict[str, int] = {}

    def say(self, device: str, kind: str = "status", **fields: object) -> telemetry.Stored:
        self.seq[device] = self.seq.get(device, 0) + 1
        at = self.clock().isoformat()
        base = {"device_id": device, "kind": kind, "v": 1, "boot": "b", "seq": self.seq[device]}
        return telemetry.store(self.office, [base | {"sent_at": at, "received_at": at} | fields])

    def wait(self, seconds: float) -> None:
        self.clock.forward(seconds)
        self.beat()
        presence.sweep_presence(self.office)

    def beat(self, *, subscribed: bool = True, sent: tuple[str, ...] = (), **more: object):
        told = {"waiting": 0, "oldest_at": None, "skews": {}, "state": {}} | more
        return agents.beat(self.office, Beat(agent="a", subscribed=subscribed, sent=sent, **told))

    def told(self, kind: str) -> list[dict[str, object]]:
        with reading(self.office.engine) as conn:
            query = select(events.c.body).where(events.c.kind == kind).order_by(events.c.id)
            return list(conn.execute(query).scalars())

    def states(self) -> list[tuple[object, object]]:
        return [(b["device"], b["state"]) for b in self.told("presence_changed")]


@pytest.fixture
def devices(street: Office, clock) -> Street:
    return Street(street, clock)


def test_one_notice_an_outage_and_none_for_a_change_of_mast(devices: Street) -> None:
    devices.say("bc-near", "presence", state="online")
    devices.wait(1)
    assert devices.states() == [("bc-near", "online")]
    for _ in range(5):  # a will and a reconnect, again and again
        devices.say("bc-near", "presence", state="offline")
        devices.wait(10)
        devices.say("bc-near", "presence", state="online")
        devices.wait(10)
    assert devices.states() == [("bc-near", "online")]
    devices.say("bc-near", "presence", state="offline")
    for _ in range(6):
        devices.wait(10)
    assert devices.states()[1:] == [("bc-near", "offline")]
    devices.say("bc-near")
    devices.wait(1)
    devices.wait(1)
    assert devices.states()[2:] == [("bc-near", "online")]


def test_silence_counts_and_the_live_state_follows(devices: Street) -> None:
    devices.say("bc-near")
    devices.wait(1)
    for _ in range(4):
        devices.wait(50)
    assert devices.states() == [("bc-near", "online"), ("bc-near", "offline")]
    with reading(devices.office.engine) as conn:
        query = select(device_states.c.presence).where(device_states.c.device_id == "bc-near")
        assert conn.execute(query).scalar_one() == "offline"


def test_nobody_is_away_while_no_agent_listens(devices: Street) -> None:
    devices.say("bc-near")
    devices.wait(1)
    devices.beat(subscribed=False)
    devices.clock.forward(600)
    presence.sweep_presence(devices.office)
    devices.beat(subscribed=False)
    presence.sweep_presence(devices.office)
    assert devices.states() == [("bc-near", "online")]


def test_children_are_silent_with_their_gateway(devices: Street) -> None:
    with writing(devices.office.engine) as conn:
        for child in ("rd-1", "rd-2"):
            edge_state.bind(conn, child, {"gateway": "gw"})
    for device in ("gw", "rd-1", "rd-2"):
        devices.say(device, "presence", state="online")
    devices.wait(1)
    assert len(devices.states()) == 3
    devices.say("gw", "presence", state="offline")
    for _ in range(6):
        devices.wait(50)
    assert devices.states()[3:] == [("gw", "offline")]
    for device in ("gw", "rd-1"):
        devices.say(device)
    devices.wait(1)
    assert devices.states()[4:] == [("gw", "online")], "what was not said is not unsaid"
    for _ in range(5):
        devices.say("gw")
        devices.say("rd-1")
        devices.wait(50)
    assert devices.states()[5:] == [("rd-2", "offline")], "one that stays away is told after all"


def test_an_sos_stands_until_it_ends_whatever_happens_since(devices: Street, admin: Actor) -> None:
    devices.say("bc-near", "alarm", alarm="sos", active=True)
    devices.say("bc-near", "alarm", alarm="low_battery", active=True)
    with writing(devices.office.engine) as conn:
        from server.domain.events import NewEvent
        from server.store import events as log

        log.tell(conn, [NewEvent("sign_in", devices.clock(), "x") for _ in range(700)])
    (stands,) = alarms.standing(devices.office)
    assert stands.body == {"device": "bc-near", "alarm": "sos"}
    alarms.end(devices.office, "bc-near", "sos", admin)
    assert alarms.standing(devices.office) == []
    assert devices.told("alarm_ended") == [{"device": "bc-near", "alarm": "sos", "by_person": True}]
    with pytest.raises(Missing):
        alarms.end(devices.office, "bc-near", "sos", admin)
    behind = (devices.clock() - timedelta(hours=1)).isoformat()
    devices.say("bc-near", "alarm", alarm="sos", active=True, sent_at=behind)
    assert len(alarms.standing(devices.office)) == 1, "a clock that is behind is heard, too"
    devices.say("bc-near", "alarm", alarm="sos", active=False)
    assert alarms.standing(devices.office) == []


def test_a_case_calls_its_units_devices_and_hears_them(devices: Street, file, admin: Actor) -> None:
    roster.add_device(devices.office, "bc-1", kind="bodycam", unit_id="near", actor=admin)
    roster.add_device(devices.office, "rd-1", kind="radio", unit_id="near", actor=admin)
    roster.add_device(devices.office, "rd-2", kind="radio", unit_id="near", actor=admin)
    roster.revoke_device(devices.office, "rd-2", actor=admin)
    taken = file()
    case_id = taken.answer["case"]["id"]
    waiting.assign_waiting(devices.office)
    made = calling.call_assigned(devices.office)
    ours = [b for b in devices.told("devices_called") if "bc-1" in b["devices"]]
    assert made > 0
    assert ours == [{"devices": [d for d in ours[0]["devices"] if d != "rd-2"]}]
    assert calling.call_assigned(devices.office) == 0
    down = [item for item in devices.beat() if item.device_id in ("bc-1", "rd-1")]
    assert {item.payload["case_id"] for item in down} == {case_id}
    assert not {"text", "address", "caller"}.intersection(down[0].payload)
    assert devices.beat() == [], "handed out once"
    devices.clock.forward(11)
    again = [item.id for item in devices.beat() if item.device_id in ("bc-1", "rd-1")]
    assert again == [item.id for item in down], "and again while no broker has it"
    devices.beat(sent=tuple(again))
    devices.clock.forward(11)
    assert not {item.id for item in devices.beat()}.intersection(again)
    bodycam = next(item for item in down if item.device_id == "bc-1")
    devices.say("rd-1", "receipt", down_id=bodycam.id)
    assert devices.told("call_answered") == [], "a device answers for itself only"
    devices.say("bc-1", "receipt", down_id=bodycam.id)
    devices.say("bc-1", "receipt", down_id=bodycam.id)
    devices.say("bc-1", "receipt", down_id=bodycam.id, outcome="read")
    assert [b["outcome"] for b in devices.told("call_answered")] == ["received", "read"]
    devices.clock.forward(200)
    calling.call_assigned(devices.office)
    assert devices.told("call_unanswered") == []


def test_a_call_nobody_answers_is_told_once(devices: Street, file, admin: Actor) -> None:
    roster.add_device(devices.office, "bc-1", kind="bodycam", unit_id="near", actor=admin)
    file()
    waiting.assign_waiting(devices.office)
    calling.call_assigned(devices.office)
    devices.clock.forward(121)
    for _ in range(3):
        calling.call_assigned(devices.office)
    assert devices.beat() == []
    assert devices.told("call_unanswered") == [{"sent": False}]


def shared(devices: Street, *seqs: int, boot: str = "s", **more: object):
    at = devices.clock().isoformat()
    held = {"lowest_held": more.pop("lowest_held")} if "lowest_held" in more else {}
    batch = [
        {"device_id": "x", "kind": "status", "v": 1, "boot": boot, "seq": n, "sent_at": at} | held
        for n in seqs
    ]
    stored = telemetry.store(devices.office, batch, shared=True, **more)
    return [(c.boot, c.seq) for c in stored.confirmed if c.seq >= 0]


def test_shared_runs_are_confirmed_by_the_store(devices: Street) -> None:
    assert shared(devices, 1, 3, 5) == [("s", 1)]
    assert shared(devices, 2, 4) == [("s", 5)]
    assert shared(devices, 8) == [("s", 5)]
    assert shared(devices, voids=[("x", "s", 6)]) == [("s", 6)]
    assert shared(devices, 9, lowest_held=8) == [("s", 9)]
    assert shared(devices, 9) == [("s", 9)], "again is no harm"
    assert shared(devices, 2, boot="t") == []


def test_a_number_the_server_refuses_does_not_hold_the_run(devices: Street) -> None:
    at = devices.clock().isoformat()
    good = {"device_id": "x", "kind": "status", "v": 1, "boot": "s", "seq": 1, "sent_at": at}
    stored = telemetry.store(
        devices.office, [good, good | {"seq": 2, "kind": "song"}, good | {"seq": 3}], shared=True
    )
    assert [c.seq for c in stored.confirmed] == [3]


def test_a_gap_is_not_given_up_while_an_agent_lags(devices: Street) -> None:
    devices.beat(waiting=5, oldest_at=devices.clock())
    assert shared(devices, 1, 3) == [("s", 1)]
    devices.clock.forward(300)
    devices.beat(waiting=5, oldest_at=devices.clock() - timedelta(seconds=290))
    assert shared(devices, 4) == [("s", 1)], "2 may wait in that agent's outbox"
    devices.beat(waiting=0)
    assert shared(devices, 5) == [("s", 5)]


def test_skews_are_kept_with_the_device(devices: Street) -> None:
    devices.say("bc-near")
    devices.beat(skews={"bc-near": -3600, "unknown": 5})
    with reading(devices.office.engine) as conn:
        from server.store.edge_tables import device_links

        found = dict(conn.execute(select(device_links.c.device_id, device_links.c.skew_s)).all())
    assert found == {"bc-near": -3600}
