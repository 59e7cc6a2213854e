"""Shifts and cover: who is on duty when, and where too few will be. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from server.domain.errors import Invalid

LONGEST = timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class Span:
    """``[start, end)``; an open end means until further notice."""

    unit_id: str
    start: datetime
    end: datetime | None

    def covers(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Shift:
    """One line of a roster sheet."""

    unit_id: str
    start: datetime
    end: datetime
    break_start: datetime | None = None
    break_end: datetime | None = None
    members: tuple[str, ...] = ()
    devices: tuple[tuple[str, str | None], ...] = ()
    """Devices the shift takes along, each with the member who carries it, if one is named."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch in which a point has fewer units on duty than wanted."""

    point: str
    start: datetime
    end: datetime
    on_duty: int
    wanted: int


def shift_of(
    unit_id: str,
    day: date,
    start: time,
    end: time,
    *,
    pause: tuple[time, time] | None,
    members: tuple[str, ...],
    zone: tzinfo,
) -> Shift:
    """A shift in local time; an end at or before the start lies on the next day (24 h: the same
    time twice). Raises Invalid when the break does not lie inside."""
    begin = datetime.combine(day, start, zone)
    finish = _next(begin, end)
    if finish - begin > LONGEST:
        raise Invalid("end", "班次过长")
    if pause is None:
        return Shift(unit_id, begin, finish, members=members)
    rest = _next(begin - timedelta(seconds=1), pause[0])
    rest_end = _next(rest, pause[1])
    if not begin <= rest < rest_end <= finish:
        raise Invalid("break", "休息时间不在班次之内，请核对")
    return Shift(unit_id, begin, finish, rest, rest_end, members)


def overlapping(shifts: Sequence[Shift]) -> list[tuple[Shift, Shift]]:
    """Pairs of shifts of one unit that overlap: a slip of the sheet."""
    ordered = sorted(shifts, key=lambda shift: (shift.unit_id, shift.start))
    return [
        (a, b) for a, b in itertools.pairwise(ordered) if a.unit_id == b.unit_id and b.start < a.end
    ]


def gaps(
    duties: Collection[Span],
    breaks: Collection[Span],
    points: Mapping[str, str],
    *,
    wanted: int,
    since: datetime,
    until: datetime,
) -> list[Gap]:
    """Where cover falls below ``wanted`` units a point; ``points`` gives each unit's point."""
    edges = _edges((*duties, *breaks), since, until)
    found: list[Gap] = []
    for point in sorted(set(points.values())):
        units = {unit for unit, at in points.items() if at == point}
        for start, end in itertools.pairwise(edges):
            count = len(units & on_duty_at(start, duties, breaks))
            if count < wanted:
                _extend(found, Gap(point, start, end, count, wanted))
    return found


def on_duty_at(at: datetime, duties: Iterable[Span], breaks: Iterable[Span]) -> set[str]:
    resting = {span.unit_id for span in breaks if span.covers(at)}
    return {span.unit_id for span in duties if span.covers(at)} - resting


def check_break(pause: Span, duties: Iterable[Span], breaks: Iterable[Span]) -> None:
    """A break lies inside one shift of its unit and touches no other. Raises Invalid."""
    start, end = pause.start, pause.end
    if end is None or not start < end:
        raise Invalid("break", "休息的止要晚于起")
    mine = [span for span in duties if span.unit_id == pause.unit_id and span.covers(start)]
    if not any(span.end is None or end <= span.end for span in mine):
        raise Invalid("break", "休息时间不在班次之内，请核对")
    for other in breaks:
        same = other.unit_id == pause.unit_id
        if same and other.start < end and (other.end is None or start < other.end):
            raise Invalid("break", "与已有的休息重叠")


def _edges(spans: Iterable[Span], since: datetime, until: datetime) -> list[datetime]:
    inner = {at for span in spans for at in (span.start, span.end) if at is not None}
    return sorted({since, until, *(at for at in inner if since < at < until)})


def _extend(found: list[Gap], gap: Gap) -> None:
    """Neighbouring stretches of the same shortage are one gap."""
    last = found[-1] if found else None
    same = last is not None and (last.point, last.on_duty) == (gap.point, gap.on_duty)
    if last is not None and same and last.end == gap.start:
        found[-1] = Gap(gap.point, last.start, gap.end, gap.on_duty, gap.wanted)
    else:
        found.append(gap)


def _next(after: datetime, wanted: time) -> datetime:
    """The first moment after ``after`` with that time of day."""
    at = datetime.combine(after.date(), wanted, after.tzinfo)
    return at if at > after else at + timedelta(days=1)
