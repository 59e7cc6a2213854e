"""What a log teaches: at each dispute, what was known before it and whether another came.

A label exists only when its window has passed before the log ends (no guess at what comes later).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from triage.chronicle import Chronicle
from triage.recurrence_model import EPISODE_DAYS, Past
from triage.rows import Event

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A dispute that begins an episode. ``days_to_next`` None: none before the log ended, which
    is ``followed_days`` after it."""

    past: Past
    kind: str
    days_to_next: float | None
    followed_days: float

    def label(self, horizon_days: float) -> bool | None:
        """Whether another episode came within the horizon; None while nobody can know."""
        if self.followed_days < horizon_days:
            return None
        return self.days_to_next is not None and self.days_to_next <= horizon_days


def lessons_of(events: Sequence[Event], *, warm_up_days: float = 0.0) -> list[Lesson]:
    """Of every episode after the first ``warm_up_days`` of the log."""
    ordered = sorted(events, key=lambda event: event.time)
    return list(_lessons(ordered, warm_up_days)) if ordered else []


def _lessons(ordered: Sequence[Event], warm_up_days: float) -> Iterator[Lesson]:
    starts = _episode_starts(ordered)
    nexts = _days_to_next(ordered, starts)
    began, ended = ordered[0].time, ordered[-1].time
    chronicle = Chronicle()
    for event, start, to_next in zip(ordered, starts, nexts, strict=True):
        if start and (event.time - began) / _DAY >= warm_up_days:
            past = chronicle.past_of(event)
            yield Lesson(past, event.kind, to_next, (ended - event.time) / _DAY)
        chronicle.add(event)


def _episode_starts(ordered: Sequence[Event]) -> list[bool]:
    last: dict[str, Event] = {}
    starts = []
    for event in ordered:
        known = [last[key] for key in event.keys if key in last]
        fresh = all((event.time - one.time) / _DAY >= EPISODE_DAYS for one in known)
        starts.append(event.dispute and fresh)
        if event.dispute:
            last.update(dict.fromkeys(event.keys, event))
    return starts


def _days_to_next(ordered: Sequence[Event], starts: Sequence[bool]) -> list[float | None]:
    """Days from each event to the next episode of the same place or party."""
    upcoming: dict[str, Event] = {}
    days: list[float | None] = []
    for event, start in zip(reversed(ordered), reversed(starts), strict=True):
        later = [upcoming[key].time for key in event.keys if key in upcoming]
        days.append((min(later) - event.time) / _DAY if later else None)
        if start:
            upcoming.update(dict.fromkeys(event.keys, event))
    return days[::-1]
