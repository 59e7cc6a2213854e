"""What a case asks of a unit: its kind, its community, danger, who knows the parties."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from edge.district import District, Point
from server.domain.assignment import Need
from server.domain.case import Case
from server.domain.demand import inside
from server.domain.geo import Place
from server.store import units
from triage.taxonomy import Route

KNOWN_FOR = timedelta(days=365)


def need_of(
    conn: Connection, district: District, case: Case, *, danger: int, now: datetime
) -> Need:
    return Need(
        category=case.category,
        community=community_of(district, case.place),
        joint=case.route is Route.JOINT,
        danger=danger,
        familiar=units.familiar_with(conn, case.id, since=now - KNOWN_FOR),
    )


def community_of(district: District, place: Place | None) -> str | None:
    """The community whose outline holds the place, or None."""
    if place is None:
        return None
    point = Point(place.lat, place.lon)
    return next((c.name for c in district.communities if inside(point, c.outline)), None)
