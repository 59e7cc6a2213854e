"""When a battery or a card will be used up: a straight line through what was told lately. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

MIN_SAMPLES = 5
MIN_SPAN_S = 600.0
MAX_HOURS = 240.0


@dataclass(frozen=True, slots=True)
class Sample:
    at: datetime
    value: float


def hours_left(samples: Sequence[Sample], *, until: float) -> float | None:
    """Hours from the newest sample until the line reaches ``until``, by least squares.

    None where it does not fall, or where less than ten minutes or five samples are known; a line
    is too long a word for that. At most 240.
    """
    if len(samples) < MIN_SAMPLES:
        return None
    newest = max(sample.at for sample in samples)
    hours = [(sample.at - newest).total_seconds() / 3600 for sample in samples]
    if -min(hours) * 3600 < MIN_SPAN_S:
        return None
    mean_t = sum(hours) / len(hours)
    mean_v = sum(sample.value for sample in samples) / len(samples)
    spread = sum((t - mean_t) ** 2 for t in hours)
    slope = (
        sum((t - mean_t) * (s.value - mean_v) for t, s in zip(hours, samples, strict=True)) / spread
    )
    now = mean_v - slope * mean_t
    if now <= until:
        return 0.0
    if slope >= -1e-9:
        return None
    return min(MAX_HOURS, (until - now) / slope)


def since_charge(samples: Sequence[Sample], charging: Sequence[bool]) -> list[Sample]:
    """The samples after the last one taken while charging; both in order of time."""
    last = max((n for n, on in enumerate(charging) if on), default=-1)
    return list(samples[last + 1 :])
