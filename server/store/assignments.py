"""How a case went from unit to unit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from server.store.tables import assignments


def ends_by_unit(conn: Connection, case_id: str) -> dict[str, str | None]:
    """How the last assignment of each unit that has or had the case ended; None while it runs."""
    query = select(assignments.c.unit_id, assignments.c.ended_why).where(
        assignments.c.case_id == case_id
    )
    return {row.unit_id: row.ended_why for row in conn.execute(query.order_by(assignments.c.id))}


def last_recall(conn: Connection, unit_id: str, *, since: datetime) -> Row[*tuple[Any, ...]] | None:
    """The unit's newest assignment that ended since then by a recall."""
    query = (
        select(assignments)
        .where(
            assignments.c.unit_id == unit_id,
            assignments.c.ended_why == "recalled",
            assignments.c.ended_at >= since,
        )
        .order_by(assignments.c.ended_at.desc(), assignments.c.id.desc())
        .limit(1)
    )
    return conn.execute(query).one_or_none()
