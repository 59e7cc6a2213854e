"""How far a device's clock is from ours, estimated from its ordinary messages. Pure.

A message takes time to arrive, so ``arrival - sent_at`` is the delay minus the clock's lead. The
smallest of many is the best estimate (as in NTP's clock filter, RFC 5905 section 10): its delay is
next to nothing. Kept as the minimum of this and of the last minute of arrivals, so that one batch
after an outage, all of it old, says nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

BUCKET_S = 60.0
STEADY_S = 5.0
"""A clock that is off stays off by as much; an old batch on its way catches up and does not."""
FRESH = timedelta(seconds=60)
"""A fix is rarely older than this when its device sends it."""


@dataclass(frozen=True, slots=True)
class Skew:
    """``lowest`` is the smallest difference of the bucket begun at ``begun_s``, ``before`` that
    of the bucket before it; None until there is one."""

    begun_s: float | None = None
    lowest: float = 0.0
    before: float | None = None

    @property
    def estimate_s(self) -> float | None:
        """Seconds the device's clock is ahead of ours; None before two minutes were heard."""
        if self.before is None:
            return None
        return -min(self.lowest, self.before)

    @property
    def steady_s(self) -> float | None:
        """The estimate while two buckets agree: only then may times be corrected by it."""
        if self.before is None or abs(self.lowest - self.before) > STEADY_S:
            return None
        return self.estimate_s


def noted(skew: Skew, *, sent_s: float, arrived_s: float) -> Skew:
    """The estimate after one more message; the same object when it changes nothing."""
    difference = arrived_s - sent_s
    if skew.begun_s is None:
        return Skew(arrived_s, difference)
    if arrived_s - skew.begun_s >= BUCKET_S:
        return Skew(arrived_s, difference, skew.lowest)
    if difference >= skew.lowest:
        return skew
    return Skew(skew.begun_s, difference, skew.before)


def true_time(
    fix_time: datetime, *, sent_at: datetime, received_at: datetime, ahead_s: float
) -> datetime | None:
    """When a fix of a device whose clock is ``ahead_s`` ahead was taken, or None.

    Receivers know the time from satellites, yet many devices stamp fixes with their own clock; a
    fix does not say which. None where both would be possible, and for what was sent late: then
    the times prove nothing.
    """
    ahead = timedelta(seconds=ahead_s)
    sent = sent_at - ahead
    if not -FRESH <= received_at - sent <= FRESH:
        return None
    by_satellite = timedelta(0) <= sent - fix_time + timedelta(seconds=STEADY_S)
    by_satellite = by_satellite and sent - fix_time <= FRESH
    by_device = -timedelta(seconds=STEADY_S) <= sent_at - fix_time <= FRESH
    if by_satellite == by_device:
        return None
    return fix_time if by_satellite else fix_time - ahead
