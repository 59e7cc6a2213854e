"""Which earlier events belong to an event: same place, or a party in common."""

from __future__ import annotations

from bisect import bisect_left, insort
from datetime import datetime, timedelta
from functools import reduce
from math import copysign

from triage.recurrence import History
from triage.recurrence_model import Past
from triage.rows import Event
from triage.trail import Trail, stronger

_YEAR = timedelta(days=365)
_DAY = timedelta(days=1)
_FURTHEST_DAYS = 100_000.0
"""270 years either way; a year typed wrong must not overflow the fading sums."""
_WINDOWS_DAYS = (7, 30, 90, 365)


class Chronicle:
    """Events so far, by place and by party. Events are added in the order they became known;
    one that comes late is only seen by those after it."""

    def __init__(self) -> None:
        self._disputes: dict[str, list[tuple[datetime, int]]] = {}
        self._trails: dict[str, Trail] = {}
        self._began: datetime | None = None
        self._count = 0

    def before(self, event: Event) -> tuple[datetime, ...]:
        """Times of linked disputes in the year up to ``event``, oldest first; itself not among
        them unless it was added."""
        logs = [self._disputes[key] for key in event.keys if key in self._disputes]
        spans = [self._year(log, event.time) for log in logs]
        if len(spans) > 1:
            spans = [sorted(set[tuple[datetime, int]]().union(*spans))]
        return tuple(time for span in spans for time, _ in span)

    def past_of(self, event: Event) -> Past:
        """What the rule looks at, from every trail the event belongs to."""
        day = self._day(event.time)
        trails = [self._trails[key] for key in event.keys if key in self._trails]
        pasts = [trail.past(day, event.kind, log_runs_for=max(day, 0.0)) for trail in trails]
        return reduce(stronger, pasts) if pasts else Past(log_runs_for=max(day, 0.0))

    def starts_episode(self, event: Event) -> bool:
        """A dispute that does not just go on with one of the last six hours."""
        day = self._day(event.time)
        trails = [self._trails[key] for key in event.keys if key in self._trails]
        return event.dispute and all(trail.starts_episode(day) for trail in trails)

    def add(self, event: Event) -> None:
        """Remember ``event`` for those after it."""
        day = self._day(event.time)
        keys = event.keys if len(event.keys) < 2 else tuple(set(event.keys))
        for key in keys:
            trail = self._trails.get(key)
            if trail is None:
                trail = self._trails[key] = Trail(day)
            trail.add(day, event.kind, dispute=event.dispute)
        if event.dispute:
            self._count += 1
            for key in keys:
                insort(self._disputes.setdefault(key, []), (event.time, self._count))

    def _year(self, log: list[tuple[datetime, int]], at: datetime) -> list[tuple[datetime, int]]:
        first = bisect_left(log, (at - _YEAR, 0))
        return log[first : bisect_left(log, (at, self._count + 1), first)]

    def _day(self, time: datetime) -> float:
        """Days since the first event of the log."""
        if self._began is None:
            self._began = time
        day = (time - self._began) / _DAY
        return day if abs(day) < _FURTHEST_DAYS else copysign(_FURTHEST_DAYS, day)


def history_of(times: tuple[datetime, ...], at: datetime) -> History:
    """Counts of ``times`` (oldest first, none after ``at``) in 7, 30, 90 and 365 days."""
    week, month, quarter, year = (
        len(times) - bisect_left(times, at - timedelta(days=days)) for days in _WINDOWS_DAYS
    )
    last = round((at - times[-1]) / _DAY, 2) if times else None
    return History(week, month, quarter, year, last)
