"""What to believe: one table of fixes and all the reasons to doubt each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edge import quality
from edge.district import Bounds
from edge.quality import Limits, Track, check
from edge.telemetry import Alarm, Fix, Message, Origin, Position, Status

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LIMITS = Limits(bounds=Bounds(30.0, 120.0, 31.0, 121.0))
ORIGIN = Origin(device_id="d", boot="b", seq=1, sent_at=NOW)


def fix(lat: float = 30.42, lon: float = 120.3, *, age_s: float = 0, acc: float = 5) -> Fix:
    return Fix(fix_time=NOW - timedelta(seconds=age_s), lat=lat, lon=lon, accuracy_m=acc)


BEFORE = Track(newest=fix(age_s=10))

CASES: list[tuple[str, Fix | None, Track, tuple[str, ...]]] = [
    ("good", fix(), Track(), ()),
    ("good after another", fix(30.4201), BEFORE, ()),
    ("none", None, Track(), ("no_fix",)),
    ("null island", fix(0, 0), Track(), ("no_fix",)),
    ("off the globe", fix(95.0, 120.3), Track(), ("off_globe",)),
    ("elsewhere", fix(32.0), Track(), ("outside_district",)),
    ("old", fix(age_s=901), Track(), ("stale",)),
    ("just not old", fix(age_s=900), Track(), ()),
    ("ahead", fix(age_s=-61), Track(), ("future",)),
    ("just not ahead", fix(age_s=-60), Track(), ()),
    ("vague", fix(acc=201), Track(), ("accuracy",)),
    ("again", BEFORE.newest, BEFORE, ("duplicate",)),
    ("late", fix(age_s=20), BEFORE, ("out_of_order",)),
    ("too fast", fix(30.45), BEFORE, ("jump",)),
    ("too fast but vague", fix(30.45, acc=3000), BEFORE, ("accuracy",)),
    (
        "everything",
        fix(40.0, age_s=1000, acc=500),
        BEFORE,
        ("outside_district", "stale", "accuracy", "out_of_order", "jump"),
    ),
]


@pytest.mark.parametrize(("name", "given", "track", "doubt"), CASES, ids=[c[0] for c in CASES])
def test_table(name: str, given: Fix | None, track: Track, doubt: tuple[str, ...]):
    message = Position(origin=ORIGIN, fix=given)
    assert check(message, track=track, received_at=NOW, limits=LIMITS).doubt == doubt


def run(fixes: list[Fix]) -> list[tuple[str, ...]]:
    track, out = Track(), []
    for item in fixes:
        message = Position(origin=ORIGIN, fix=item)
        verdict = check(message, track=track, received_at=NOW, limits=LIMITS)
        track = verdict.track
        out.append(verdict.doubt)
    return out


def test_one_wild_fix_does_not_spoil_the_next():
    assert run([fix(age_s=9), fix(30.9, age_s=6), fix(age_s=3)]) == [(), ("jump",), ()]


def test_a_first_fix_that_was_wrong_is_overruled_by_three_that_agree():
    fixes = [fix(30.9, age_s=9), fix(age_s=6), fix(age_s=4), fix(age_s=2), fix(age_s=1)]
    assert run(fixes) == [(), ("jump",), ("jump",), (), ()]


def test_jumps_that_do_not_agree_prove_nothing():
    fixes = [fix(age_s=9), fix(30.9, age_s=6), fix(30.1, age_s=4), fix(30.7, age_s=2), fix()]
    assert run(fixes) == [(), ("jump",), ("jump",), ("jump",), ()]


def test_an_alarm_is_judged_like_a_position_and_a_status_only_by_its_clock():
    alarm = Alarm(origin=ORIGIN, alarm="sos", active=True, fix=fix(32.0))
    assert check(alarm, track=Track(), received_at=NOW, limits=LIMITS).doubt == (
        "outside_district",
    )
    bare = Alarm(origin=ORIGIN, alarm="sos", active=True)
    assert check(bare, track=Track(), received_at=NOW, limits=LIMITS).doubt == ()
    ahead: Message = Status(
        origin=Origin(device_id="d", boot="b", seq=1, sent_at=NOW + timedelta(hours=1))
    )
    assert check(ahead, track=Track(), received_at=NOW, limits=LIMITS).doubt == ("clock",)


def test_what_may_still_move_a_live_position():
    assert quality.believable(("stale", "accuracy", "outside_district", "out_of_order"))
    for reason in ("no_fix", "off_globe", "future", "jump"):
        assert not quality.believable(("stale", reason))


def test_without_bounds_any_place_will_do():
    message = Position(origin=ORIGIN, fix=fix(-33.8, 151.2))
    assert check(message, track=Track(), received_at=NOW, limits=Limits()).doubt == ()


def walk(count: int, *, step_s: float, lat: float = 30.42, speed: float | None = None):
    return [
        Fix(fix_time=NOW + timedelta(seconds=n * step_s), lat=lat, lon=120.3, speed_mps=speed)
        for n in range(count)
    ]


def doubts(fixes: list[Fix], limits: Limits = LIMITS) -> list[tuple[str, ...]]:
    track, out = Track(), []
    for item in fixes:
        origin = Origin(device_id="d", boot="b", seq=1, sent_at=item.fix_time)
        verdict = check(
            Position(origin=origin, fix=item),
            track=track,
            received_at=item.fix_time,
            limits=limits,
        )
        track = verdict.track
        out.append(verdict.doubt)
    return out


def test_a_place_that_never_trembles_is_frozen():
    assert doubts(walk(11, step_s=60))[-2:] == [(), ("frozen",)]
    assert doubts(walk(11, step_s=30))[-1] == (), "not so long yet"
    moving = doubts(walk(4, step_s=5, speed=3.0))
    assert moving == [(), (), ("frozen",), ("frozen",)]
    assert doubts(walk(4, step_s=5, speed=0.2))[-1] == ()
    assert doubts([*walk(11, step_s=60)[:10], fix(30.42001, age_s=-600)])[-1] == ()


def test_a_clock_that_is_behind_shows_after_two_minutes():
    def stream(behind_s: float, *, every_s: int = 10, count: int = 20) -> tuple[str, ...]:
        track, doubt = Track(), ()
        for n in range(count):
            arrived = NOW + timedelta(seconds=n * every_s)
            origin = Origin(
                device_id="d", boot="b", seq=n, sent_at=arrived - timedelta(seconds=behind_s)
            )
            verdict = check(Status(origin=origin), track=track, received_at=arrived, limits=LIMITS)
            track, doubt = verdict.track, verdict.doubt
        return doubt

    assert stream(3600) == ("clock_skew",)
    assert stream(-3600) == ("clock", "clock_skew")
    assert stream(30) == ()
    assert stream(3600, count=5) == (), "one batch of old messages says nothing"


def test_a_batch_after_an_outage_is_no_skew():
    track = Track()
    for n in range(40):
        arrived = NOW + timedelta(seconds=n * 5)
        late_s = 900 if n > 20 and n < 30 else 1
        origin = Origin(device_id="d", boot="b", seq=n, sent_at=arrived - timedelta(seconds=late_s))
        verdict = check(Status(origin=origin), track=track, received_at=arrived, limits=LIMITS)
        track = verdict.track
        assert verdict.doubt == ()
    assert track.skew.estimate_s == pytest.approx(-1)


def test_an_accuracy_is_assumed_only_where_none_is_told():
    limits = Limits(assumed_accuracy_m=(("jt808", 30.0),))
    told, none = fix(acc=5), Fix(fix_time=NOW, lat=30.4, lon=120.3)
    for protocol, given, expected in (
        ("jt808", none, 30.0),
        ("jt808", told, 5),
        ("native", none, None),
    ):
        message = quality.with_accuracy(Position(origin=ORIGIN, fix=given), protocol, limits)
        assert isinstance(message, Position)
        assert message.fix is not None
        assert message.fix.accuracy_m == expected
