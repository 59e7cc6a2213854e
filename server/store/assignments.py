"""How a case went from unit to unit."""

from __future__ import annotations

from sqlalchemy import Connection, select

from server.store.tables import assignments


def ends_by_unit(conn: Connection, case_id: str) -> dict[str, str | None]:
    """How the last assignment of each unit that has or had the case ended; None while it runs."""
    query = select(assignments.c.unit_id, assignments.c.ended_why).where(
        assignments.c.case_id == case_id
    )
    return {row.unit_id: row.ended_why for row in conn.execute(query.order_by(assignments.c.id))}
