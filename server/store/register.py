"""Calls with whom and where they were, for the register of returning disputes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, true

from server.store.identity_tables import mentions
from server.store.tables import cases, reports

CallRow = Row[*tuple[Any, ...]]
_COLUMNS = (
    reports.c.id,
    reports.c.received_at,
    reports.c.label,
    reports.c.category,
    reports.c.case_id,
    reports.c.address,
    mentions.c.person_id,
    mentions.c.place_key,
    mentions.c.room,
    mentions.c.pair_key,
    cases.c.status,
    cases.c.disposition,
    cases.c.closed_at,
)


def calls(conn: Connection, since: datetime | None, *, limit: int) -> list[CallRow]:
    """The newest ``limit`` main reports since then, oldest first; None: since ever."""
    query = (
        select(*_COLUMNS)
        .join(mentions, mentions.c.report_id == reports.c.id)
        .outerjoin(cases, cases.c.id == reports.c.case_id)
        .where(reports.c.linked_to.is_(None), reports.c.received_at >= since if since else true())
        .order_by(reports.c.received_at.desc(), reports.c.id.desc())
        .limit(limit)
    )
    return list(conn.execute(query))[::-1]


def calls_of_person(conn: Connection, person_id: str, *, limit: int) -> list[CallRow]:
    """Every report of a person, repeats too, newest first."""
    query = (
        select(*_COLUMNS, reports.c.linked_to, reports.c.caller_sealed)
        .join(mentions, mentions.c.report_id == reports.c.id)
        .outerjoin(cases, cases.c.id == reports.c.case_id)
        .where(mentions.c.person_id == person_id)
        .order_by(reports.c.received_at.desc(), reports.c.id.desc())
        .limit(limit)
    )
    return list(conn.execute(query))


def earlier_of_case(
    conn: Connection, case_id: str, *, limit: int
) -> tuple[list[CallRow], set[str], set[str]]:
    """Earlier main reports of the persons, homes and pairs of a case, newest
    first; and those persons and homes."""
    own = (
        select(
            mentions.c.person_id,
            mentions.c.place_key,
            mentions.c.room,
            mentions.c.pair_key,
            mentions.c.at,
        )
        .join(reports, reports.c.id == mentions.c.report_id)
        .where(reports.c.case_id == case_id)
    )
    rows = list(conn.execute(own))
    if not rows:
        return [], set(), set()
    people = {row.person_id for row in rows}
    homes = {row.place_key for row in rows if row.room}
    pairs = {row.pair_key for row in rows if row.pair_key}
    query = (
        select(*_COLUMNS)
        .join(mentions, mentions.c.report_id == reports.c.id)
        .outerjoin(cases, cases.c.id == reports.c.case_id)
        .where(
            or_(
                mentions.c.person_id.in_(people),
                mentions.c.place_key.in_(homes),
                mentions.c.pair_key.in_(pairs),
            ),
            reports.c.linked_to.is_(None),
            reports.c.case_id.is_distinct_from(case_id),
            reports.c.received_at < min(row.at for row in rows),
        )
        .order_by(reports.c.received_at.desc(), reports.c.id.desc())
        .limit(limit)
    )
    return list(conn.execute(query)), people, homes


def sealed_callers(conn: Connection, report_ids: Collection[str]) -> dict[str, bytes | None]:
    query = select(reports.c.id, reports.c.caller_sealed).where(reports.c.id.in_(report_ids))
    return {row.id: row.caller_sealed for row in conn.execute(query)}
