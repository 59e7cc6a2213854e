"""Counting for the wall and the reports: hours, teams, places that come back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, case, func, select

from server.domain.evidence import Verdict
from server.store.tables import assignments, cases, reports, steps, units

MAX_PLACES = 60
"""The busiest places drawn as heat; more would cover the map."""


def received_at(conn: Connection, since: datetime, until: datetime) -> list[datetime]:
    """When main reports came in, for profiles of hours and days."""
    query = select(reports.c.received_at).where(
        reports.c.received_at >= since,
        reports.c.received_at < until,
        reports.c.linked_to.is_(None),
    )
    return list(conn.execute(query).scalars())


def team_rows(
    conn: Connection, since: datetime, until: datetime
) -> list[tuple[str, int, int, int, int]]:
    """``(unit name, verified, claimed only, contradicted, cases)`` of steps in a span."""

    def count(verdict: Verdict) -> ColumnElement[int]:
        return func.sum(case((steps.c.verdict == verdict, 1), else_=0))

    query = (
        select(
            units.c.name,
            count(Verdict.VERIFIED),
            count(Verdict.CLAIMED_ONLY),
            count(Verdict.CONTRADICTED),
            func.count(func.distinct(steps.c.case_id)),
        )
        .join(assignments, assignments.c.id == steps.c.assignment_id)
        .join(units, units.c.id == assignments.c.unit_id)
        .where(steps.c.at >= since, steps.c.at < until)
        .group_by(units.c.id, units.c.name)
    )
    return [(row[0], row[1] or 0, row[2] or 0, row[3] or 0, row[4]) for row in conn.execute(query)]


def returning_places(
    conn: Connection, since: datetime, until: datetime
) -> list[tuple[float, float, int]]:
    """``(lat, lon, disputes)`` of addresses with two or more disputes in a span, most first."""
    n = func.count()
    query = (
        select(func.avg(reports.c.lat), func.avg(reports.c.lon), n)
        .where(
            reports.c.label == "dispute",
            reports.c.linked_to.is_(None),
            reports.c.received_at >= since,
            reports.c.received_at < until,
            reports.c.address_key.is_not(None),
            reports.c.lat.is_not(None),
        )
        .group_by(reports.c.address_key)
        .having(n >= 2)
        .order_by(n.desc())
        .limit(MAX_PLACES)
    )
    return [(row[0], row[1], row[2]) for row in conn.execute(query)]


def amounts(conn: Connection, since: datetime, until: datetime) -> float:
    """Yuan named in cases closed in a span."""
    query = select(func.coalesce(func.sum(cases.c.amount_yuan), 0)).where(
        cases.c.closed_at >= since, cases.c.closed_at < until
    )
    return float(conn.execute(query).scalar_one())
