"""Which earlier disputes belong to an event: same place, or a party in common."""

from __future__ import annotations

from bisect import bisect_left, insort
from datetime import datetime, timedelta

from triage.recurrence import History
from triage.rows import Event

_YEAR = timedelta(days=365)
_WINDOWS_DAYS = (7, 30, 90, 365)


class Chronicle:
    """Disputes so far, by place and by party. Events are added in the order they became known;
    one that comes late is only seen by those after it."""

    def __init__(self) -> None:
        self._disputes: dict[str, list[tuple[datetime, int]]] = {}
        self._count = 0

    def before(self, event: Event) -> tuple[datetime, ...]:
        """Times of linked disputes in the year up to ``event``, oldest first; itself not among
        them unless it was added."""
        linked: set[tuple[datetime, int]] = set()
        for key in event.keys:
            times = self._disputes.get(key, [])
            first = bisect_left(times, (event.time - _YEAR, 0))
            last = bisect_left(times, (event.time, self._count + 1))
            linked.update(times[first:last])
        return tuple(time for time, _ in sorted(linked))

    def add(self, event: Event) -> None:
        """Remember ``event`` for those after it; other calls than disputes leave no mark."""
        if not event.dispute:
            return
        self._count += 1
        for key in set(event.keys):
            insort(self._disputes.setdefault(key, []), (event.time, self._count))


def history_of(times: tuple[datetime, ...], at: datetime) -> History:
    """Counts of ``times`` (oldest first, none after ``at``) in 7, 30, 90 and 365 days."""
    ages = [at - time for time in times]
    week, month, quarter, year = (
        sum(age <= timedelta(days=days) for age in ages) for days in _WINDOWS_DAYS
    )
    last = round(ages[-1] / timedelta(days=1), 2) if ages else None
    return History(week, month, quarter, year, last)
