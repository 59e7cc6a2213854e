"""Rows of joins by hand and of the random audit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, insert, or_, select, update

from server.domain.case import Status
from server.domain.duplicates import Traits
from server.domain.geo import Place
from server.store.identity_tables import mentions
from server.store.review_tables import audits, case_joins
from server.store.tables import cases, corrections, reports

Values = dict[str, object]
AnyRow = Row[*tuple[Any, ...]]


def open_traits(conn: Connection, case_ids: Collection[str] = (), *, limit: int) -> list[Traits]:
    """Open cases that are not confidential, newest first, by their first report; of these only
    when ``case_ids`` is given."""
    query = (
        select(cases, reports.c.phone_key, reports.c.id_key, reports.c.address_key)
        .add_columns(mentions.c.person_id)
        .join(reports, and_(reports.c.case_id == cases.c.id, reports.c.linked_to.is_(None)))
        .outerjoin(mentions, mentions.c.report_id == reports.c.id)
        .where(cases.c.status != Status.CLOSED, cases.c.confidential.is_(False))
        .order_by(cases.c.opened_at.desc())
        .limit(limit)
    )
    if case_ids:
        query = query.where(cases.c.id.in_(case_ids))
    return [_traits(row) for row in conn.execute(query)]


def _traits(row: AnyRow) -> Traits:
    return Traits(
        case_id=row.id,
        opened_at=row.opened_at,
        caller_keys=frozenset(k for k in (row.phone_key, row.id_key, row.person_id) if k),
        address_key=row.address_key,
        place=Place(row.lat, row.lon) if row.lat is not None and not row.coarse else None,
        category=row.category,
    )


def open_ids_ending(conn: Connection, ending: str, *, limit: int) -> list[str]:
    query = select(cases.c.id).where(
        cases.c.status != Status.CLOSED, cases.c.id.endswith(ending, autoescape=True)
    )
    return list(conn.execute(query.limit(limit)).scalars())


def add_join(conn: Connection, values: Values) -> int:
    added = conn.execute(insert(case_joins).values(**values).returning(case_joins.c.id))
    return int(added.scalar_one())


def join(conn: Connection, number: int) -> AnyRow | None:
    return conn.execute(select(case_joins).where(case_joins.c.id == number)).one_or_none()


def joins_of(conn: Connection, case_id: str) -> Sequence[AnyRow]:
    """Joins that stand, from or into the case, oldest first."""
    mine = or_(case_joins.c.case_id == case_id, case_joins.c.into_id == case_id)
    query = select(case_joins).where(mine, case_joins.c.undone_at.is_(None))
    return conn.execute(query.order_by(case_joins.c.id)).all()


def undo_join(conn: Connection, number: int, *, at: datetime, by: str) -> bool:
    """Compare and swap; False when it was undone before."""
    result = conn.execute(
        update(case_joins)
        .where(case_joins.c.id == number, case_joins.c.undone_at.is_(None))
        .values(undone_at=at, undone_by=by)
    )
    return result.rowcount == 1


# -- random audit --------------------------------------------------------------------------

_CORRECTED = exists().where(
    corrections.c.report_id == audits.c.report_id, corrections.c.at >= audits.c.at
)


def draw(conn: Connection, values: Values) -> None:
    conn.execute(insert(audits).values(**values))


def audits_waiting(conn: Connection, since: datetime, *, limit: int) -> Sequence[AnyRow]:
    """``(report_id, case_id)`` of what nobody has looked at or corrected yet, oldest first."""
    query = (
        select(audits.c.report_id, reports.c.case_id)
        .join(reports, reports.c.id == audits.c.report_id)
        .where(audits.c.looked_at.is_(None), audits.c.at >= since, ~_CORRECTED)
        .order_by(audits.c.at)
        .limit(limit)
    )
    return conn.execute(query).all()


def audits_of_cases(conn: Connection, case_ids: Collection[str]) -> dict[str, str]:
    """Case to the report of it that waits for an audit."""
    if not case_ids:
        return {}
    query = (
        select(reports.c.case_id, audits.c.report_id)
        .join(reports, reports.c.id == audits.c.report_id)
        .where(reports.c.case_id.in_(case_ids), audits.c.looked_at.is_(None), ~_CORRECTED)
    )
    return {row.case_id: row.report_id for row in conn.execute(query)}


def looked(conn: Connection, report_id: str, *, at: datetime, by: str) -> bool:
    """False when it was not drawn or somebody has looked before."""
    result = conn.execute(
        update(audits)
        .where(audits.c.report_id == report_id, audits.c.looked_at.is_(None))
        .values(looked_at=at, looked_by=by)
    )
    return result.rowcount == 1


def audit_counts(conn: Connection, since: datetime) -> tuple[int, int, int]:
    """``(drawn, looked at, changed)``: the label that people's newest word gives counts."""
    newest = (
        select(corrections.c.label)
        .where(corrections.c.report_id == audits.c.report_id, corrections.c.at >= audits.c.at)
        .order_by(corrections.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = conn.execute(
        select(audits.c.label, audits.c.looked_at, newest.label("said")).where(audits.c.at >= since)
    ).all()
    seen = [row for row in rows if row.looked_at is not None or row.said is not None]
    changed = [row for row in seen if row.said is not None and row.said != row.label]
    return len(rows), len(seen), len(changed)
