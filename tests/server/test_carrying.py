"""Who had a device when: hand-overs, the roster's plan, and what a track then proves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from server.domain.custody import Bound, Carrier, Crew, Held, carrier, stretches
from server.domain.errors import Conflict, Invalid, Missing, NotAllowed
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import carrying, devices, duty, roster
from server.services import telemetry as telemetry_service
from server.store import telemetry
from server.store.engine import reading
from server.store.tables import events, views

T0 = datetime(2026, 11, 3, 0, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
HEAD = "单元,日期,上岗,下岗,成员,设备\n"


def h(n: float) -> datetime:
    return T0 + timedelta(hours=n)


def test_the_later_word_counts() -> None:
    held = [Held("a", None, h(-50), h(10)), Held("a", "王某某", h(10), None)]
    plans = [Held("a", "李某某", h(8), h(20)), Held("a", "张某某", h(20), h(32))]
    crews = [
        Crew("a", ("李某某", "王某某"), h(8), h(20)),
        Crew("a", ("张某某", "王某某"), h(20), h(32)),
        Crew("b", ("陈某某",), h(0), h(40)),
    ]
    said = [
        (one.start, one.carrier.member, one.carrier.bound, one.carrier.planned)
        for one in stretches(h(6), h(36), held, plans, crews)
    ]
    assert said == [
        (h(6), None, Bound.UNIT, False),
        (h(8), "李某某", Bound.DUTY, True),
        (h(10), "王某某", Bound.DUTY, False),
        (h(20), "张某某", Bound.DUTY, True),
        (h(32), "王某某", Bound.OFF_DUTY, False),
    ]


def test_a_plan_of_another_unit_says_nothing_and_a_lone_member_speaks_for_the_shift() -> None:
    held = [Held("b", None, h(0), h(5)), Held(None, None, h(5), None)]
    plans = [Held("a", "李某某", h(0), h(9))]
    crews = [Crew("b", ("陈某某",), h(1), h(9))]
    assert carrier(h(2), held, plans, crews) == Carrier("b", "陈某某", Bound.DUTY, planned=True)
    assert carrier(h(0), held, plans, crews) == Carrier("b", None, Bound.UNIT)
    assert carrier(h(6), held, plans, crews).bound is Bound.NOBODY
    assert carrier(h(-1), held, plans, crews).bound is Bound.NOBODY, "before anybody had it"
    lone = [Held(None, "周某某", h(0), None)]
    assert carrier(h(2), lone, (), crews) == Carrier(None, "周某某", Bound.OFF_DUTY)
    both = [Crew("b", ("陈某某", "周某某"), h(1), h(9))]
    assert carrier(h(2), held, plans, both).member is None, "one of the two, nobody knows which"
    assert carrier(h(2), [Held("b", "周某某", h(0), None)], (), [Crew("b", (), h(1), None)]) == (
        Carrier("b", "周某某", Bound.DUTY)
    ), "a shift that names nobody is anybody's of the unit"


@pytest.fixture
def crew(street: Office) -> Office:
    for name in ("李某某", "王某某"):
        roster.add_member(street, "near", name)
    return street


def fix(office: Office, at: datetime, seq: int) -> None:
    moment = at.isoformat()
    message = {"device_id": "bc-near", "kind": "position", "v": 1, "boot": "b", "seq": seq}
    message |= {"sent_at": moment, "received_at": moment, "fix_time": moment}
    place = {"lat": 30.42, "lon": 120.3, "crs": "WGS-84", "accuracy_m": 5.0}
    stored = telemetry_service.store(office, [message | place])
    assert stored.accepted == 1, stored


def test_fixes_belong_to_the_unit_that_had_the_device_then(
    crew: Office, clock, dispatcher: Actor
) -> None:
    begun = clock()
    fix(crew, begun, 1)
    clock.forward(60)
    made = carrying.hand(crew, "bc-near", unit_id="far", member=None, actor=dispatcher)
    assert (made.unit_id, made.bound) == ("far", "unit")
    clock.forward(60)
    fix(crew, clock(), 2)
    span = {"since": begun - timedelta(hours=1), "until": clock()}
    with reading(crew.engine) as conn:
        near = [one.at for one in telemetry.fixes_of_unit(conn, "near", **span)]
        far = [one.at for one in telemetry.fixes_of_unit(conn, "far", **span)]
    assert (near, far) == ([begun], [clock()])


def test_handing_over_is_on_record(crew: Office, clock, dispatcher: Actor, mediator: Actor) -> None:
    begun = clock()
    assert carrying.hand(crew, "bc-near", member="李某某", actor=dispatcher).member == "李某某"
    clock.forward(3600)
    carrying.hand(crew, "bc-near", member="王某某", actor=mediator)
    carrying.hand(crew, "bc-near", member="王某某", actor=mediator)
    clock.forward(3600)
    span = {"since": begun - timedelta(hours=1), "until": clock(), "actor": dispatcher}
    found = carrying.who_had(crew, "bc-near", **span)
    # The shift without names began when the unit was made: before it nobody is known to be there.
    assert [(one.member, one.by) for one in found][-2:] == [
        ("李某某", dispatcher.name),
        ("王某某", mediator.name),
    ]
    with reading(crew.engine) as conn:
        query = select(events.c.body).where(events.c.kind == "device_handed")
        told = list(conn.execute(query).scalars())
        looked = conn.execute(select(views.c.who, views.c.what)).all()
    assert told == [{"device": "bc-near"}] * 2, "the same again is none; names are not in events"
    assert looked == [(dispatcher.name, "carriers")]


def test_a_phone_tells_late_when_a_device_changed_hands(
    crew: Office, clock, dispatcher: Actor, mediator: Actor
) -> None:
    begun = clock()
    clock.forward(1200)
    touched = begun + timedelta(minutes=5)
    for _ in range(2):  # the first answer was lost
        made = carrying.hand(crew, "bc-near", member="李某某", at=touched, actor=mediator)
        assert made.member == "李某某"
    clock.forward(60)
    carrying.hand(crew, "bc-near", member="王某某", actor=dispatcher)
    again = carrying.hand(crew, "bc-near", member="李某某", at=touched, actor=mediator)
    assert again.member == "王某某", "the same word a third time moves nothing"
    early, long_ago = touched + timedelta(minutes=1), begun - timedelta(days=2)
    with pytest.raises(Conflict, match="changed hands since"):
        carrying.hand(crew, "bc-near", member=None, at=early, actor=mediator)
    with pytest.raises(Invalid, match="last day"):
        carrying.hand(crew, "bc-near", member=None, at=long_ago, actor=mediator)
    span = {"since": begun - timedelta(hours=1), "until": clock(), "actor": dispatcher}
    found = carrying.who_had(crew, "bc-near", **span)
    handed = [(one.member, one.start) for one in found if one.by in (mediator.name,)]
    assert handed == [("李某某", touched)]
    mine = carrying.of_unit(crew, "near")
    assert [(one.device_id, one.member) for one in mine.devices] == [("bc-near", "王某某")]
    assert mine.members == ("李某某", "王某某")
    assert carrying.of_unit(crew, None).devices == ()


def test_hands_that_cannot_be(crew: Office, dispatcher: Actor, mediator: Actor) -> None:
    with pytest.raises(Invalid, match="not in near"):
        carrying.hand(crew, "bc-near", member="赵某某", actor=dispatcher)
    with pytest.raises(Missing):
        carrying.hand(crew, "bc-none", member=None, actor=dispatcher)
    with pytest.raises(NotAllowed):
        carrying.hand(crew, "bc-far", member=None, actor=mediator)
    with pytest.raises(NotAllowed):
        carrying.hand(crew, "bc-near", unit_id="far", member=None, actor=mediator)
    with pytest.raises(Invalid, match="31 days"):
        carrying.who_had(crew, "bc-near", since=h(0), until=h(24 * 40), actor=dispatcher)


def test_the_roster_says_who_carries_what(crew: Office, clock, dispatcher: Actor) -> None:
    admin = Actor("admin", Role.ADMIN)
    roster.add_device(crew, "rd-near", kind="radio", unit_id="near", actor=admin)
    day = clock().astimezone(ZONE).date()
    sheet = HEAD + (
        f"near,{day},00:00,24:00,李某某、王某某,王某某:bc-near、李某某：rd-near\n"
        f"middle,{day},00:00,24:00,赵某某,bc-middle\n"
        f"far,{day},00:00,24:00,陈某某,bc-near\n"
        f"far,{day},00:00,24:00,陈某某,孙某某:bc-far\n"
        f"far,{day},00:00,24:00,陈某某,bc-99\n"
    )
    taken = duty.import_sheet(crew, sheet.encode(), "s.csv", dispatcher)
    assert taken.taken == 2
    why = [refusal.why for refusal in taken.refused]
    assert "先移交给本单元" in why[0]
    assert "不在本行成员中" in why[1]
    assert "先登记" in why[2]
    seen = {view.id: (view.member, view.bound) for view in devices.views(crew)}
    assert seen == {
        "bc-near": ("王某某", "duty"),
        "rd-near": ("李某某", "duty"),
        "bc-middle": ("赵某某", "duty"),
        "bc-far": (None, "unit"),
    }
    assert carrying.without_carrier(crew) == 1
    again = duty.import_sheet(crew, sheet.encode(), "s.csv", dispatcher)
    assert (again.taken, again.known) == (0, 2)
    swapped = sheet.replace("王某某:bc-near、李某某：rd-near", "李某某:bc-near、王某某:rd-near")
    assert duty.import_sheet(crew, swapped.encode(), "s.csv", dispatcher).taken == 1
    seen = {view.id: view.member for view in devices.views(crew)}
    assert (seen["bc-near"], seen["rd-near"]) == ("李某某", "王某某")
    clock.forward(24 * 3600)
    late = {view.id: (view.member, view.bound) for view in devices.views(crew)}
    assert late["bc-near"] == (None, "unit"), "the plan ended with its shift"


def test_a_revoked_device_is_in_nobodys_hands(crew: Office, clock, dispatcher: Actor) -> None:
    clock.forward(60)
    roster.revoke_device(crew, "bc-near", actor=Actor("admin", Role.ADMIN))
    clock.forward(60)
    ago = clock() - timedelta(minutes=2)
    found = carrying.who_had(crew, "bc-near", since=ago, until=clock(), actor=dispatcher)
    assert [(one.unit_id, one.bound) for one in found] == [("near", "unit"), (None, "nobody")]
    view = next(view for view in devices.views(crew) if view.id == "bc-near")
    assert view.bound is None
