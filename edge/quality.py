"""What to believe of a fix: every reason to doubt it at once. Nothing is dropped.

A doubted fix is kept and marked; ``believable`` says whether it may move a live position.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from edge.district import Bounds, Point, distance_m
from edge.telemetry import Fix, Message, Position, fix_of

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

_UNUSABLE = frozenset({NO_FIX, OFF_GLOBE, FUTURE, JUMP})
_JUMPS_THAT_PROVE = 3
_NULL_ISLAND_DEG = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``bounds`` None: any place will do."""

    bounds: Bounds | None = None
    stale_s: float = 900
    future_s: float = 60
    accuracy_m: float = 200
    jump_mps: float = 70


@dataclass(frozen=True, slots=True)
class Track:
    """What is remembered of a device: its newest believed fix, and jumps away from it.

    ``elsewhere`` is the last fix that jumped and ``jumps`` how many in a row agree with it:
    several fixes that agree are right and the one before them was wrong.
    """

    newest: Fix | None = None
    elsewhere: Fix | None = None
    jumps: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    doubt: tuple[str, ...]
    track: Track


def check(message: Message, *, track: Track, received_at: datetime, limits: Limits) -> Verdict:
    """All reasons to doubt a message, and the device's track with it. Pure.

    Messages that carry no fix can only have the reason ``clock``.
    """
    fix = fix_of(message)
    doubt = _clock(message, received_at, limits)
    if fix is None:
        doubt += [NO_FIX] if isinstance(message, Position) else []
        return Verdict(tuple(doubt), track)
    doubt += _alone(fix, received_at, limits)
    doubt += _against(fix, track.newest, limits)
    return _conclude(fix, doubt, track, limits)


def believable(doubt: Collection[str]) -> bool:
    """Whether a fix with these reasons may still move a live position."""
    return not _UNUSABLE.intersection(doubt)


def _clock(message: Message, received_at: datetime, limits: Limits) -> list[str]:
    ahead_s = (message.origin.sent_at - received_at).total_seconds()
    return [CLOCK] if ahead_s > limits.future_s else []


def _alone(fix: Fix, received_at: datetime, limits: Limits) -> list[str]:
    """Reasons in the fix itself."""
    age_s = (received_at - fix.fix_time).total_seconds()
    on_globe = -90 <= fix.lat <= 90 and -180 <= fix.lon <= 180
    null_island = abs(fix.lat) < _NULL_ISLAND_DEG and abs(fix.lon) < _NULL_ISLAND_DEG
    outside = limits.bounds is not None and not limits.bounds.contains(fix.lat, fix.lon)
    found = {
        NO_FIX: null_island,
        OFF_GLOBE: not on_globe,
        OUTSIDE_DISTRICT: on_globe and not null_island and outside,
        STALE: age_s > limits.stale_s,
        FUTURE: -age_s > limits.future_s,
        ACCURACY: fix.accuracy_m is not None and fix.accuracy_m > limits.accuracy_m,
    }
    return [reason for reason, holds in found.items() if holds]


def _against(fix: Fix, newest: Fix | None, limits: Limits) -> list[str]:
    """Reasons that show beside the newest believed fix."""
    if newest is None:
        return []
    same_time = fix.fix_time == newest.fix_time
    found = {
        DUPLICATE: same_time and (fix.lat, fix.lon) == (newest.lat, newest.lon),
        OUT_OF_ORDER: fix.fix_time < newest.fix_time,
        JUMP: _jumped(newest, fix, limits),
    }
    return [reason for reason, holds in found.items() if holds]


def _jumped(a: Fix, b: Fix, limits: Limits) -> bool:
    if not all(-90 <= f.lat <= 90 and -180 <= f.lon <= 180 for f in (a, b)):
        return False
    apart_m = distance_m(Point(a.lat, a.lon), Point(b.lat, b.lon))
    blur_m = (a.accuracy_m or 0) + (b.accuracy_m or 0)
    elapsed_s = max(1.0, abs((b.fix_time - a.fix_time).total_seconds()))
    return apart_m - blur_m > limits.jump_mps * elapsed_s


def _conclude(fix: Fix, doubt: list[str], track: Track, limits: Limits) -> Verdict:
    if JUMP in doubt and OUT_OF_ORDER not in doubt and _UNUSABLE.isdisjoint({*doubt} - {JUMP}):
        return _after_jump(fix, doubt, track, limits)
    newer = track.newest is None or fix.fix_time > track.newest.fix_time
    if believable(doubt) and newer:
        return Verdict(tuple(doubt), Track(newest=fix))
    return Verdict(tuple(doubt), track)


def _after_jump(fix: Fix, doubt: list[str], track: Track, limits: Limits) -> Verdict:
    """Several jumps in a row to one place: the device is there, and the old place was wrong."""
    agrees = track.elsewhere is not None and not _jumped(track.elsewhere, fix, limits)
    jumps = track.jumps + 1 if agrees else 1
    if jumps < _JUMPS_THAT_PROVE:
        return Verdict(tuple(doubt), replace(track, elsewhere=fix, jumps=jumps))
    doubt.remove(JUMP)
    return Verdict(tuple(doubt), Track(newest=fix))
