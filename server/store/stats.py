"""The street's figures, counted from the tables (contract: ``GET /stats``)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, select

from server.domain.case import MEDIATED_ROUTES, Disposition, Status, Step
from server.domain.geo import Place
from server.store.tables import assignments, cases, deadlines, reports, steps

_LATER = (Disposition.FOLLOW_UP, Disposition.SETTLED_LATER, Disposition.ESCALATED)


def received_by(conn: Connection, column: str, since: datetime, until: datetime) -> dict[str, int]:
    """Main reports of a span by ``label``, ``route`` or ``category``; repeats do not count."""
    wanted = reports.c[column]
    query = (
        select(wanted.label("word"), func.count().label("n"))
        .where(
            reports.c.received_at >= since,
            reports.c.received_at < until,
            reports.c.linked_to.is_(None),
        )
        .group_by(wanted)
    )
    return {row.word or "unknown": row.n for row in conn.execute(query)}


def repeats(conn: Connection, since: datetime, until: datetime) -> int:
    """Disputes of a span whose caller or address had another dispute within 90 days before."""
    earlier = reports.alias("earlier")
    before = (
        select(earlier.c.id)
        .where(
            earlier.c.label == "dispute",
            earlier.c.linked_to.is_(None),
            earlier.c.id != reports.c.id,
            earlier.c.received_at < reports.c.received_at,
            (earlier.c.phone_key == reports.c.phone_key)
            | (earlier.c.id_key == reports.c.id_key)
            | (earlier.c.address_key == reports.c.address_key),
        )
        .exists()
    )
    query = (
        select(func.count())
        .select_from(reports)
        .where(
            reports.c.label == "dispute",
            reports.c.linked_to.is_(None),
            reports.c.received_at >= since,
            reports.c.received_at < until,
            before,
        )
    )
    return conn.execute(query).scalar_one()


def dispositions(conn: Connection, since: datetime, until: datetime) -> dict[str, int]:
    """Mediated cases closed in a span, by how they ended."""
    query = (
        select(cases.c.disposition, func.count().label("n"))
        .where(cases.c.closed_at >= since, cases.c.closed_at < until)
        .where(cases.c.handed_over_at.is_not(None))
        .group_by(cases.c.disposition)
    )
    return {row.disposition: row.n for row in conn.execute(query)}


def taken_up_later(by_disposition: dict[str, int]) -> int:
    return sum(by_disposition.get(end, 0) for end in _LATER)


def handed_over(conn: Connection, since: datetime, until: datetime) -> int:
    query = (
        select(func.count())
        .select_from(cases)
        .where(cases.c.handed_over_at >= since, cases.c.handed_over_at < until)
    )
    return conn.execute(query).scalar_one()


def open_cases(conn: Connection) -> int:
    query = select(func.count()).select_from(cases).where(cases.c.status != Status.CLOSED)
    return conn.execute(query).scalar_one()


def step_seconds(conn: Connection, since: datetime, until: datetime) -> dict[Step, list[float]]:
    """Seconds from hand-over to each posted step, of assignments made in the span."""
    query = (
        select(steps.c.step, steps.c.at, assignments.c.at.label("handed_over_at"))
        .join(assignments, assignments.c.id == steps.c.assignment_id)
        .where(assignments.c.at >= since, assignments.c.at < until)
    )
    found: dict[Step, list[float]] = {step: [] for step in Step}
    for row in conn.execute(query):
        found[Step(row.step)].append((row.at - row.handed_over_at).total_seconds())
    return found


def deadline_outcomes(
    conn: Connection, since: datetime, until: datetime
) -> dict[tuple[str, str], int]:
    """Count of deadlines due in a span by (step, state)."""
    query = (
        select(deadlines.c.step, deadlines.c.state, func.count().label("n"))
        .where(deadlines.c.due_at >= since, deadlines.c.due_at < until)
        .group_by(deadlines.c.step, deadlines.c.state)
    )
    return {(row.step, row.state): row.n for row in conn.execute(query)}


def case_places(
    conn: Connection, since: datetime, until: datetime
) -> list[tuple[datetime, Place | None]]:
    """When and where units were needed: mediated cases, and imported reports that opened none.

    None for one whose place is not known.
    """
    opened = select(cases.c.opened_at, cases.c.lat, cases.c.lon).where(
        *_within(cases.c.opened_at, since, until), cases.c.route.in_(MEDIATED_ROUTES)
    )
    imported = select(reports.c.received_at, reports.c.lat, reports.c.lon).where(
        *_within(reports.c.received_at, since, until),
        reports.c.route.in_(MEDIATED_ROUTES),
        reports.c.case_id.is_(None),
        reports.c.linked_to.is_(None),
    )
    rows = [*conn.execute(opened), *conn.execute(imported)]
    return [(at, None if lat is None else Place(lat, lon)) for at, lat, lon in rows]


def _within(
    column: ColumnElement[datetime], since: datetime, until: datetime
) -> tuple[ColumnElement[bool], ...]:
    return column >= since, column < until
