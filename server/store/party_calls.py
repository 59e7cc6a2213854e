"""Calls to the parties of a case: what the phone dialled and what a line recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from server.domain.evidence import PartyCall
from server.store.dispatch_tables import party_calls

CallRow = Row[*tuple[Any, ...]]


def add(conn: Connection, values: dict[str, object]) -> None:
    conn.execute(insert(party_calls).values(**values))


def by_key(conn: Connection, case_id: str, key: str) -> CallRow | None:
    query = select(party_calls).where(party_calls.c.case_id == case_id, party_calls.c.key == key)
    return conn.execute(query).one_or_none()


def of_unit(
    conn: Connection, case_id: str, unit_id: str, *, since: datetime, until: datetime
) -> list[PartyCall]:
    """Calls the unit made about the case in a span, oldest first."""
    query = select(party_calls).where(
        party_calls.c.case_id == case_id,
        party_calls.c.unit_id == unit_id,
        party_calls.c.at >= since,
        party_calls.c.at <= until,
    )
    rows = conn.execute(query.order_by(party_calls.c.at, party_calls.c.id))
    return [PartyCall(row.at, row.talked_s) for row in rows]
