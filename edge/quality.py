"""What to believe of a fix: every reason to doubt it at once. Nothing is dropped.

A doubted fix is kept and marked; ``believable`` says whether it may move a live position.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from edge import skew
from edge.district import Bounds, Point, distance_m
from edge.skew import Skew
from edge.telemetry import Alarm, Fix, Message, Position, fix_of

NO_FIX = "no_fix"
OFF_GLOBE = "off_globe"
OUTSIDE_DISTRICT = "outside_district"
STALE = "stale"
FUTURE = "future"
CLOCK = "clock"
JUMP = "jump"
ACCURACY = "accuracy"
DUPLICATE = "duplicate"
OUT_OF_ORDER = "out_of_order"
FROZEN = "frozen"
CLOCK_SKEW = "clock_skew"

_UNUSABLE = frozenset({NO_FIX, OFF_GLOBE, FUTURE, JUMP})
_JUMPS_THAT_PROVE = 3
_NULL_ISLAND_DEG = 1e-4
_METRES_PER_DEGREE = 111_320.0
_FROZEN_FIXES = 10
_FROZEN_MOVING_FIXES = 3
_MOVING_MPS = 1.0
_NO_SKEW = Skew()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``bounds`` None: any place will do."""

    bounds: Bounds | None = None
    stale_s: float = 900
    future_s: float = 60
    accuracy_m: float = 200
    jump_mps: float = 70
    frozen_s: float = 600
    assumed_accuracy_m: tuple[tuple[str, float], ...] = ()
    """Protocol and metres, for those whose fixes tell no accuracy."""


@dataclass(frozen=True, slots=True)
class Track:
    """What is remembered of a device: its newest believed fix, and jumps away from it.

    ``elsewhere`` is the last fix that jumped and ``jumps`` how many in a row agree with it:
    several fixes that agree are right and the one before them was wrong. ``still`` counts fixes
    in a row of one and the same place, the first of them at ``still_since``.
    """

    newest: Fix | None = None
    elsewhere: Fix | None = None
    jumps: int = 0
    still: int = 1
    still_since: datetime | None = None
    skew: Skew = _NO_SKEW


@dataclass(frozen=True, slots=True)
class Verdict:
    doubt: tuple[str, ...]
    track: Track


def check(message: Message, *, track: Track, received_at: datetime, limits: Limits) -> Verdict:
    """All reasons to doubt a message, and the device's track with it. Pure.

    Messages that carry no fix can only have the reasons ``clock`` and ``clock_skew``.
    """
    fix = fix_of(message)
    track = _with_skew(message, track, received_at)
    doubt = _clock(message, track, received_at, limits)
    if fix is None:
        doubt += [NO_FIX] if isinstance(message, Position) else []
        return Verdict(tuple(doubt), track)
    doubt += _alone(fix, received_at, limits)
    doubt += _against(fix, track, limits)
    return _conclude(fix, doubt, track, limits)


def believable(doubt: Collection[str]) -> bool:
    """Whether a fix with these reasons may still move a live position."""
    return not _UNUSABLE.intersection(doubt)


def with_accuracy(message: Message, protocol: str, limits: Limits) -> Message:
    """The message with the accuracy its protocol is taken to have, where a fix tells none."""
    if not limits.assumed_accuracy_m or not isinstance(message, Position | Alarm):
        return message
    fix = message.fix
    if fix is None or fix.accuracy_m is not None:
        return message
    for name, metres in limits.assumed_accuracy_m:
        if name == protocol:
            return replace(message, fix=replace(fix, accuracy_m=metres))
    return message


def _with_skew(message: Message, track: Track, received_at: datetime) -> Track:
    after = skew.noted(
        track.skew,
        sent_s=message.origin.sent_at.timestamp(),
        arrived_s=received_at.timestamp(),
    )
    return track if after is track.skew else replace(track, skew=after)


def _clock(message: Message, track: Track, received_at: datetime, limits: Limits) -> list[str]:
    ahead_s = (message.origin.sent_at - received_at).total_seconds()
    off_s = track.skew.estimate_s
    found = [CLOCK] if ahead_s > limits.future_s else []
    return [*found, CLOCK_SKEW] if off_s is not None and abs(off_s) > limits.future_s else found


def _alone(fix: Fix, received_at: datetime, limits: Limits) -> list[str]:
    """Reasons in the fix itself."""
    age_s = (received_at - fix.fix_time).total_seconds()
    on_globe = -90 <= fix.lat <= 90 and -180 <= fix.lon <= 180
    null_island = abs(fix.lat) < _NULL_ISLAND_DEG and abs(fix.lon) < _NULL_ISLAND_DEG
    outside = limits.bounds is not None and not limits.bounds.contains(fix.lat, fix.lon)
    vague = fix.accuracy_m is not None and fix.accuracy_m > limits.accuracy_m
    if (
        on_globe
        and not (null_island or outside or vague)
        and (-limits.future_s <= age_s <= limits.stale_s)
    ):
        return []
    found = {
        NO_FIX: null_island,
        OFF_GLOBE: not on_globe,
        OUTSIDE_DISTRICT: on_globe and not null_island and outside,
        STALE: age_s > limits.stale_s,
        FUTURE: -age_s > limits.future_s,
        ACCURACY: vague,
    }
    return [reason for reason, holds in found.items() if holds]


def _against(fix: Fix, track: Track, limits: Limits) -> list[str]:
    """Reasons that show beside the newest believed fix."""
    newest = track.newest
    if newest is None:
        return []
    same_place = fix.lat == newest.lat and fix.lon == newest.lon
    found = []
    if fix.fix_time == newest.fix_time and same_place:
        found.append(DUPLICATE)
    if fix.fix_time < newest.fix_time:
        found.append(OUT_OF_ORDER)
    elif same_place and fix.fix_time > newest.fix_time and _frozen(fix, track, limits):
        found.append(FROZEN)
    if _jumped(newest, fix, limits):
        found.append(JUMP)
    return found


def _frozen(fix: Fix, track: Track, limits: Limits) -> bool:
    """A receiver's last digits tremble even at rest; standing still while moving gives it away."""
    fixes = track.still + 1
    if fix.speed_mps is not None and fix.speed_mps > _MOVING_MPS and fixes >= _FROZEN_MOVING_FIXES:
        return True
    since = track.still_since
    if since is None or fixes < _FROZEN_FIXES:
        return False
    return (fix.fix_time - since).total_seconds() >= limits.frozen_s


def _jumped(a: Fix, b: Fix, limits: Limits) -> bool:
    if not all(-90 <= f.lat <= 90 and -180 <= f.lon <= 180 for f in (a, b)):
        return False
    blur_m = (a.accuracy_m or 0) + (b.accuracy_m or 0)
    elapsed_s = max(1.0, abs((b.fix_time - a.fix_time).total_seconds()))
    allowed_m = limits.jump_mps * elapsed_s + blur_m
    if (abs(a.lat - b.lat) + abs(a.lon - b.lon)) * _METRES_PER_DEGREE < allowed_m:
        return False  # the way along both axes is never shorter than the straight one
    return distance_m(Point(a.lat, a.lon), Point(b.lat, b.lon)) > allowed_m


def _conclude(fix: Fix, doubt: list[str], track: Track, limits: Limits) -> Verdict:
    if JUMP in doubt and OUT_OF_ORDER not in doubt and _UNUSABLE.isdisjoint({*doubt} - {JUMP}):
        return _after_jump(fix, doubt, track, limits)
    newer = track.newest is None or fix.fix_time > track.newest.fix_time
    if believable(doubt) and newer:
        return Verdict(tuple(doubt), _moved(track, fix))
    return Verdict(tuple(doubt), track)


def _after_jump(fix: Fix, doubt: list[str], track: Track, limits: Limits) -> Verdict:
    """Several jumps in a row to one place: the device is there, and the old place was wrong."""
    agrees = track.elsewhere is not None and not _jumped(track.elsewhere, fix, limits)
    jumps = track.jumps + 1 if agrees else 1
    if jumps < _JUMPS_THAT_PROVE:
        return Verdict(tuple(doubt), replace(track, elsewhere=fix, jumps=jumps))
    doubt.remove(JUMP)
    return Verdict(tuple(doubt), _moved(track, fix))


def _moved(track: Track, fix: Fix) -> Track:
    before = track.newest
    if before is None or before.lat != fix.lat or before.lon != fix.lon:
        return Track(newest=fix, still_since=fix.fix_time, skew=track.skew)
    since = track.still_since or before.fix_time
    return Track(newest=fix, still=track.still + 1, still_since=since, skew=track.skew)
