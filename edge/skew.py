"""How far a device's clock is from ours, estimated from its ordinary messages. Pure.

A message takes time to arrive, so ``arrival - sent_at`` is the delay minus the clock's lead. The
smallest of many is the best estimate (as in NTP's clock filter, RFC 5905 section 10): its delay is
next to nothing. Kept as the minimum of this and of the last minute of arrivals, so that one batch
after an outage, all of it old, says nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

BUCKET_S = 60.0


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
