"""Verified rides: how long units truly took, for the pace of an area and a time of day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from server.domain.case import Step
from server.domain.evidence import Verdict
from server.domain.travel import Heard
from server.store.dispatch_tables import overrules, rides
from server.store.tables import assignments, cases, steps, units

RideRow = Row[*tuple[Any, ...]]
Values = dict[str, object]


def verified(conn: Connection, assignment_id: int) -> RideRow | None:
    """Leaving and arriving as fixes prove them, with distance, speed and scene; None until both.

    A verdict that a person gave proves no time.
    """
    left, came = steps.alias("departed_step"), steps.alias("arrived_step")
    proved = (
        (left, Step.DEPARTED),
        (came, Step.ARRIVED),
    )
    query = (
        select(
            left.c.since.label("departed"),
            came.c.since.label("arrived"),
            assignments.c.distance_m,
            units.c.speed_kmh,
            cases.c.lat,
            cases.c.lon,
        )
        .select_from(assignments)
        .join(cases, cases.c.id == assignments.c.case_id)
        .join(units, units.c.id == assignments.c.unit_id)
        .join(left, left.c.assignment_id == assignments.c.id)
        .join(came, came.c.assignment_id == assignments.c.id)
        .where(assignments.c.id == assignment_id)
    )
    for table, step in proved:
        query = query.where(
            table.c.step == step,
            table.c.verdict == Verdict.VERIFIED,
            table.c.since.is_not(None),
            table.c.id.not_in(select(overrules.c.step_id)),
        )
    return conn.execute(query).one_or_none()


def keep(conn: Connection, values: Values) -> None:
    """One ride an assignment; what is kept stays."""
    kind = postgresql if conn.dialect.name == "postgresql" else sqlite
    conn.execute(kind.insert(rides).values(**values).on_conflict_do_nothing())


def heard(conn: Connection, *, area: str, band: int, since: datetime) -> tuple[Heard, Heard, Heard]:
    """What is known of the whole street, of an area, and of that area at a time of day."""
    here = rides.c.area == area
    levels = (None, here, and_(here, rides.c.band == band))
    wanted = []
    for level in levels:
        value = rides.c.log_ratio if level is None else case((level, rides.c.log_ratio))
        wanted += [func.count(value), func.coalesce(func.sum(value), 0.0)]
    row = conn.execute(select(*wanted).where(rides.c.at >= since)).one()
    street, area_, cell = (Heard(int(row[i]), float(row[i + 1])) for i in (0, 2, 4))
    return street, area_, cell
