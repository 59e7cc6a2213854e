"""Everything the wall and the reports count beside the figures of ``GET /stats``."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from server.domain.roles import SYSTEM, Actor, Role
from server.domain.views import Stats
from server.office import Office
from server.services import figures
from server.store import board_rows
from server.store.engine import reading

DAYS = 30
"""Span of profiles, shares and ranking on the wall."""
HEAT_DAYS = 90
TOP = 8
KEEP_S = 30.0
"""Slow figures are counted again this often at most; the quick ones are fresh."""
_COUNTER = Actor(SYSTEM, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Team:
    """Steps of a unit by what telemetry said of them; ranked by verified ones."""

    name: str
    verified: int
    claimed: int
    contradicted: int
    cases: int

    @property
    def verified_share(self) -> float | None:
        total = self.verified + self.claimed + self.contradicted
        return self.verified / total if total else None


@dataclass(frozen=True, slots=True)
class Board:
    """``hours``: reports a day by local hour, 24 values. ``categories``: ``(leaf, n, share)``.
    ``places``: ``(lat, lon, disputes)`` of addresses that came back."""

    hours: tuple[float, ...]
    categories: tuple[tuple[str, int, float], ...]
    teams: tuple[Team, ...]
    places: tuple[tuple[float, float, int], ...]
    year_ago: Stats | None


def board(office: Office, now: datetime) -> Board:
    """The wall's slow figures as of ``now``."""
    since = now - timedelta(days=DAYS)
    with reading(office.engine) as conn:
        came = board_rows.received_at(conn, since, now)
        places = board_rows.returning_places(conn, now - timedelta(days=HEAT_DAYS), now)
        teams = board_rows.team_rows(conn, since, now)
    shares = figures.figures(office, _COUNTER, since=since, until=now).by_category
    return Board(
        hours=_by_hour(came, ZoneInfo(office.settings.district.time_zone)),
        categories=top_shares(shares, TOP),
        teams=ranked([Team(*row) for row in teams])[:TOP],
        places=tuple(places),
        year_ago=_year_ago(office, now),
    )


def ranked(teams: Sequence[Team]) -> tuple[Team, ...]:
    """Most verified steps first; among equals fewer contradicted, then the name."""
    return tuple(sorted(teams, key=lambda t: (-t.verified, t.contradicted, t.name)))


def top_shares(counts: dict[str, int], top: int) -> tuple[tuple[str, int, float], ...]:
    """The most frequent with their share of all, the rest left out."""
    total = sum(counts.values())
    most = Counter(counts).most_common(top)
    return tuple((name, n, n / total) for name, n in most if total)


def year_before(at: datetime) -> datetime:
    """The same moment a year ago; 29 February becomes the 28th."""
    try:
        return at.replace(year=at.year - 1)
    except ValueError:
        return at.replace(year=at.year - 1, day=28)


class KeptBoard:
    """The board of a process, counted at most every ``KEEP_S`` seconds however many screens ask."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._made: tuple[datetime, Board] | None = None

    def get(self, office: Office, now: datetime) -> Board:
        with self._turn:
            if self._made is None or abs((now - self._made[0]).total_seconds()) >= KEEP_S:
                self._made = (now, board(office, now))
            return self._made[1]


def _by_hour(came: Sequence[datetime], zone: ZoneInfo) -> tuple[float, ...]:
    counts = Counter(at.astimezone(zone).hour for at in came)
    return tuple(counts[hour] / DAYS for hour in range(24))


def _year_ago(office: Office, now: datetime) -> Stats | None:
    """The same day a year ago up to the same time; None when nothing was received then."""
    then = year_before(now.astimezone(ZoneInfo(office.settings.district.time_zone)))
    midnight = then.replace(hour=0, minute=0, second=0, microsecond=0)
    if midnight >= then:
        return None
    found = figures.figures(office, _COUNTER, since=midnight, until=then)
    return found if found.received else None
