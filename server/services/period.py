"""Daily, weekly and monthly reports: the figures of a span beside the span before and last year."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from server.domain.roles import Actor
from server.domain.views import Stats
from server.office import Office
from server.services import figures
from server.services.board import Team, ranked, top_shares
from server.store import board_rows
from server.store.engine import reading

TOP_CATEGORIES = 12


class Span(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of ``[since, until)``; ``days`` are ``(day, received)``, ``hours`` 24 counts.

    ``before`` is the span of the same kind just before, ``year_ago`` the same days a year ago
    (None when nothing was received then). A span that still runs is counted up to now.
    """

    span: Span
    first: date
    last: date
    now: Stats
    before: Stats
    year_ago: Stats | None
    days: tuple[tuple[date, int], ...]
    hours: tuple[int, ...]
    categories: tuple[tuple[str, int, float], ...]
    teams: tuple[Team, ...]
    returning: int
    amount_yuan: float


def bounds(span: Span, day: date) -> tuple[date, date]:
    """First and last day of the span that holds a day; weeks begin on Monday (ISO 8601)."""
    if span is Span.DAY:
        return day, day
    if span is Span.WEEK:
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return first, following - timedelta(days=1)


def previous(span: Span, first: date) -> tuple[date, date]:
    return bounds(span, first - timedelta(days=1))


def a_year_before(day: date) -> date:
    """29 February becomes the 28th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def report(office: Office, actor: Actor, span: Span, day: date) -> Report:
    """The report of the span that holds a local day. Raises Invalid for a day to come."""
    zone = ZoneInfo(office.settings.district.time_zone)
    first, last = bounds(span, day)
    now = office.clock()
    since, until = _start(first, zone), min(_start(last + timedelta(days=1), zone), now)
    counted = figures.figures(office, actor, since=since, until=until)
    with reading(office.engine) as conn:
        came = board_rows.received_at(conn, since, until)
        teams = board_rows.team_rows(conn, since, until)
        returning = board_rows.returning_places(conn, since, until)
        amount = board_rows.amounts(conn, since, until)
    at_days = Counter(at.astimezone(zone).date() for at in came)
    at_hours = Counter(at.astimezone(zone).hour for at in came)
    return Report(
        span=span,
        first=first,
        last=last,
        now=counted,
        before=_figures(office, actor, *previous(span, first), zone),
        year_ago=_year_ago(office, actor, first, last, zone),
        days=tuple((on, at_days[on]) for on in _each(first, last)),
        hours=tuple(at_hours[hour] for hour in range(24)),
        categories=top_shares(counted.by_category, TOP_CATEGORIES),
        teams=ranked([Team(*row) for row in teams]),
        returning=len(returning),
        amount_yuan=amount,
    )


def change(now: float | None, before: float | None) -> str:
    """``+12%`` against a count, or a dash when there is nothing to compare with."""
    if now is None or not before:
        return "—"
    return f"{(now / before - 1) * 100:+.0f}%"


def points(now: float | None, before: float | None) -> str:
    """``+1.5点`` between two shares: percentage points, never a percentage of a percentage."""
    if now is None or before is None:
        return "—"
    return f"{(now - before) * 100:+.1f}点"


def names(span: Span) -> Mapping[str, str]:
    """What reports call the spans they compare."""
    before = {Span.DAY: "前一日", Span.WEEK: "上周", Span.MONTH: "上月"}[span]
    title = {Span.DAY: "日报", Span.WEEK: "周报", Span.MONTH: "月报"}[span]
    return {"title": title, "before": before, "year": "去年同期"}


def _year_ago(
    office: Office, actor: Actor, first: date, last: date, zone: ZoneInfo
) -> Stats | None:
    found = _figures(office, actor, a_year_before(first), a_year_before(last), zone)
    return found if found.received else None


def _figures(office: Office, actor: Actor, first: date, last: date, zone: ZoneInfo) -> Stats:
    until = _start(last + timedelta(days=1), zone)
    return figures.figures(office, actor, since=_start(first, zone), until=until)


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _each(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
