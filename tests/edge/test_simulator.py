"""The made-up units: they move by street, they are confirmed, they can be steered."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge import motion, roster
from edge.decoding import decode
from edge.district import Point, distance_m
from edge.encoding import encode
from edge.errors import ConfigError, Unreadable
from edge.made_up import Device, Ground, Unit
from edge.motion import Walker
from edge.shipped import shipped_district
from edge.telemetry import Alarm
from edge.unconfirmed import WINDOW, Unconfirmed

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
DISTRICT = shipped_district()
GRAPH = motion.streets(DISTRICT)
CLI = [sys.executable, "-c", "from edge.cli import main; main()"]


def simulate(*args: str) -> list[str]:
    return [*CLI, "simulate", *args]


def test_a_way_follows_streets_and_ends_at_its_goal():
    start, goal = DISTRICT.points[0].at, DISTRICT.gazetteer[3].at
    found = motion.way(GRAPH, start, goal)
    assert found[-1] == goal
    on_street = set(DISTRICT.nodes)
    assert all(point in on_street for point in found[:-1])
    joined = {
        frozenset((DISTRICT.nodes[a], DISTRICT.nodes[b]))
        for a, row in enumerate(GRAPH.beside)
        for b, _ in row
    }
    steps = itertools.pairwise(found[:-1])  # the last leg leaves the street
    assert all(frozenset(step) in joined for step in steps)
    assert 1.0 <= motion.length_m((start, *found)) / distance_m(start, goal) < 2.5


def test_every_place_can_be_reached_from_every_point():
    for point in DISTRICT.points:
        for place in DISTRICT.gazetteer[::10]:
            assert len(motion.way(GRAPH, point.at, place.at)) > 1


def test_a_walker_covers_just_so_many_metres():
    walker = motion.send(Walker(DISTRICT.points[1].at), GRAPH, DISTRICT.gazetteer[7].at)
    total = motion.length_m((walker.at, *walker.way))
    half = motion.advance(walker, total / 2)
    assert motion.length_m((half.at, *half.way)) == pytest.approx(total / 2, rel=1e-3)
    assert motion.advance(half, total).arrived
    assert motion.advance(half, total).at == DISTRICT.gazetteer[7].at


def test_a_steered_unit_goes_there_stays_and_comes_home():
    home, goal = DISTRICT.points[2].at, DISTRICT.gazetteer[40].at
    unit = Unit("unit-01", home, Walker(home))
    ground, chance = Ground.of(DISTRICT), random.Random(1)
    unit.steer(GRAPH, goal)
    for _ in range(3600):
        unit.live(1.0, 22 / 3.6, chance=chance, ground=ground)
    assert unit.walker.at == goal
    unit.steer(GRAPH, None)
    seconds = 0
    while unit.walker.at != home:
        unit.live(1.0, 22 / 3.6, chance=random.Random(7), ground=ground)
        seconds += 1
        assert seconds < 20_000


def test_what_devices_say_can_be_read_and_tells_of_a_real_day():
    home = DISTRICT.points[0].at
    unit = Unit("unit-01", home, Walker(home))
    ground, chance = Ground.of(DISTRICT), random.Random(5)
    kinds: set[str] = set()
    for kind in ("bodycam", "radio"):
        device = Device(f"{kind}-1", kind, unit, "b", random.Random(kind), battery_pct=14.9)
        seqs = []
        for turn in range(800):
            unit.live(5.0, 6.0, chance=chance, ground=ground)
            now = NOW + timedelta(seconds=5 * turn)
            device.live(5.0)
            for message in device.speak(now, interval_s=5.0, speed_mps=6.0):
                again = decode(encode(message), kind=message.kind, device_id=device.device_id)
                assert again.doubt == ()
                assert again.message.origin == message.origin
                seqs.append(message.origin.seq)
                kinds.add(message.kind)
        assert seqs == list(range(1, len(seqs) + 1))
        assert device.alarms > 0
        assert device.battery_pct != 14.9
    assert kinds == {"position", "status", "alarm", "ptt", "frame"}


def test_unconfirmed_messages_are_bounded_and_say_what_was_dropped():
    home = DISTRICT.points[0].at
    device = Device("bc-1", "bodycam", Unit("u", home, Walker(home)), "b", random.Random(1))
    kept = Unconfirmed(bound=3)
    for _ in range(5):
        kept.keep(device.presence(NOW, "online"))
    due = kept.due(0.0, after_s=10, limit=10)
    assert [(m.origin.seq, m.origin.lowest_held, again) for m, again in due] == [
        (3, 3, False),
        (4, 3, False),
        (5, 3, False),
    ]
    for message, _ in due:
        kept.sent(message, 100.0)
    assert kept.due(105.0, after_s=10, limit=10) == []
    assert [again for _, again in kept.due(111.0, after_s=10, limit=2)] == [True, True]
    kept.confirm(4)
    assert (len(kept), kept.confirmed, kept.dropped) == (1, 2, 2)


def test_a_backlog_goes_in_a_window_and_repeats_ever_more_seldom():
    """A link that comes back after ten minutes is not flooded with what nobody confirms."""
    home = DISTRICT.points[0].at
    device = Device("bc-1", "bodycam", Unit("u", home, Walker(home)), "b", random.Random(1))
    kept = Unconfirmed()
    for _ in range(3 * WINDOW):
        kept.keep(device.presence(NOW, "online"))
    alarm = Alarm(origin=replace(device.presence(NOW, "online").origin), alarm="sos", active=True)
    kept.keep(alarm)

    def go(now_s: float) -> list[int]:
        """What goes out until nothing more is due."""
        out: list[int] = []
        while due := kept.due(now_s, after_s=10, limit=200):
            for message, _ in due:
                kept.sent(message, now_s)
                out.append(message.origin.seq)
        return out

    first = go(0.0)
    assert first[0] == alarm.origin.seq, "an alarm waits behind no backlog"
    assert first[1:] == list(range(1, WINDOW + 1))
    sent = sum(len(go(float(second))) for second in range(1, 300))
    assert sent <= 6 * WINDOW, "after 10, 20, 40, then each 80 seconds"
    kept.confirm(400)
    assert go(300.0)[-400:] == list(range(WINDOW + 1, WINDOW + 401)), "the window moves on"
    kept.confirm(WINDOW + 400)
    assert go(301.0)[:3] == [WINDOW + 401, WINDOW + 402, WINDOW + 403]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("no json", "line is not JSON"),
        ('{"lat": 1, "lon": 2}', "device_id is missing"),
        ('{"device_id": "bc-01", "lat": 91, "lon": "x"}', "lat is not between -90 and 90; lon"),
        ("[]", "is not a JSON object"),
    ],
)
def test_a_bad_steering_line_is_named(line: str, why: str):
    with pytest.raises(Unreadable, match=why):
        roster.read_steer(line)


def test_steering_lines():
    assert roster.read_steer('{"device_id": "bc-01", "lat": 30.4, "lon": 120.3}').goal == Point(
        30.4, 120.3
    )
    assert roster.read_steer('{"device_id": "bc-01", "lat": null}').goal is None


def test_a_bad_credentials_line_is_named(tmp_path: Path):
    path = tmp_path / "credentials.jsonl"
    path.write_text('{"device_id": "bc-01", "unit": "u", "kind": "drone", "home": {"lat": 1}}')
    with pytest.raises(ConfigError, match=r"line 1: kind is not one of bodycam, radio; lon"):
        roster.from_file(path)


def test_confirmed_to_the_last_message(agent, broker, office):
    done = subprocess.run(
        simulate("--mqtt", broker.url, "--units", "3", "--rate", "20", "--duration", "3"),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    summary = json.loads(done.stdout)
    assert summary["sent"] > 100
    assert (summary["unconfirmed"], summary["dropped"]) == (0, 0)
    assert summary["confirmed"] == summary["sent"]
    got = [m for m in office.got() if ".will" not in m["boot"]]
    assert len(got) == summary["sent"]
    assert {m["state"] for m in got if m["kind"] == "presence"} == {"online", "offline"}
    assert {m["device_id"] for m in got} == {f"{k}-0{n}" for k in ("bc", "rd") for n in (1, 2, 3)}


def test_agent_and_simulator_lose_nothing_when_the_broker_forgets(agent, broker, office, until):
    """The broker is killed with what it had in memory; only the devices still know."""
    running = subprocess.Popen(
        [
            *simulate("--mqtt", broker.url, "--units", "2", "--rate", "40", "--duration", "8"),
            "--linger",
            "30",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    until(lambda: len(office.got()) > 40, what="telemetry flows")
    assert broker.process is not None
    broker.process.kill()
    broker.process.wait(10)
    agent.kill()
    broker.start()
    agent.start()
    out, _ = running.communicate(timeout=90)
    summary = json.loads(out)
    assert summary["connects"] > 4
    assert (summary["unconfirmed"], summary["confirmed"]) == (0, summary["sent"])
    got = [m for m in office.got() if ".will" not in m["boot"]]
    assert len(got) == summary["sent"]


def test_a_killed_simulator_is_reported_offline_by_its_will(agent, broker, office, until):
    running = subprocess.Popen(
        simulate("--mqtt", broker.url, "--units", "1", "--rate", "5"), stdout=subprocess.DEVNULL
    )
    until(lambda: any(m["kind"] == "position" for m in office.got()), what="telemetry")
    running.kill()
    running.wait(10)

    def gone() -> list[dict[str, Any]]:
        return [m for m in office.got() if m.get("state") == "offline"]

    until(gone, what="the will")
    assert all(".will" in m["boot"] for m in gone())


def test_steering_moves_the_unit_of_that_device(agent, broker, office, until):
    goal = DISTRICT.gazetteer[20].at
    running = subprocess.Popen(
        [
            *simulate("--mqtt", broker.url, "--units", "2", "--rate", "10", "--steer", "-"),
            "--speedup",
            "400",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdin is not None
    running.stdin.write("nonsense\n")
    running.stdin.write(json.dumps({"device_id": "bc-02", "lat": goal.lat, "lon": goal.lon}) + "\n")
    running.stdin.flush()

    def near(device_id: str) -> bool:
        fixes = [m for m in office.got() if m["device_id"] == device_id and m.get("lat")]
        return any(distance_m(Point(m["lat"], m["lon"]), goal) < 100 for m in fixes[-3:])

    until(lambda: near("bc-02"), what="the bodycam at its goal")
    until(lambda: near("rd-02"), what="the radio of the same unit too")
    running.terminate()
    out, _ = running.communicate(timeout=30)
    assert json.loads(out)["unconfirmed"] == 0


def test_devices_log_in_as_themselves(broker, tmp_path: Path):
    """A credentials file; the broker knows each device by its own name."""
    path = tmp_path / "credentials.jsonl"
    home = DISTRICT.points[0].at
    entry = {"unit": "甲组", "home": {"lat": home.lat, "lon": home.lon}, "password": "p"}
    rows = [
        entry | {"device_id": name, "username": name, "kind": kind}
        for name, kind in (("bc-11", "bodycam"), ("rd-11", "radio"))
    ]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    entries = roster.from_file(path)
    assert [(e.device_id, e.username, e.unit) for e in entries] == [
        ("bc-11", "bc-11", "甲组"),
        ("rd-11", "rd-11", "甲组"),
    ]
    done = subprocess.run(
        [
            *simulate("--mqtt", broker.url, "--credentials", str(path), "--duration", "1"),
            "--rate",
            "20",
            "--linger",
            "0.5",
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert json.loads(done.stdout)["sent"] > 10


def test_what_is_unconfirmed_at_the_end_still_comes_home_when_the_broker_does(
    agent, broker, office, tmp_path, until
):
    """The day ends while the broker is away; the devices go on trying."""
    broker.stop()
    log = tmp_path / "simulate.log"
    words = ("--units", "1", "--rate", "5", "--duration", "0.5", "--linger", "60")
    with (
        log.open("w") as errors,
        subprocess.Popen(
            simulate("--mqtt", broker.url, *words), stdout=subprocess.PIPE, stderr=errors, text=True
        ) as running,
    ):
        until(lambda: log.read_text().count("broker away") >= 4, what="two tries", bound_s=60)
        broker.start()
        out, _ = running.communicate(timeout=120)
    told = json.loads(out)
    assert told["unconfirmed"] == 0
    assert told["confirmed"] == told["sent"] > 0


def test_a_load_is_counted_to_the_servers_confirmation(agent, broker):
    out = subprocess.run(
        simulate("--mqtt", broker.url, "--load", "20", "--load-rate", "2000", "--duration", "1"),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    told = json.loads(out)
    assert (told["sent"], told["acknowledged"], told["confirmed"]) == (2000, 2000, 2000)
    assert told["unconfirmed"] == 0
