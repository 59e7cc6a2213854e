"""Steps whose verdict may still change."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from server.domain.case import Step
from server.store.cases import CaseRow
from server.store.dispatch_tables import overrules
from server.store.tables import assignments, cases, steps


def unproven_steps(conn: Connection, *, since: datetime, limit: int) -> list[CaseRow]:
    """Steps whose verdict may still change, newest first, with unit and place of the case."""
    query = (
        select(steps, assignments.c.unit_id, cases.c.lat, cases.c.lon, cases.c.coarse)
        .join(assignments, assignments.c.id == steps.c.assignment_id)
        .join(cases, cases.c.id == steps.c.case_id)
        .where(
            steps.c.posted_at >= since,
            steps.c.step != Step.SIGNED,
            steps.c.verdict != "verified",
            steps.c.id.not_in(select(overrules.c.step_id)),
        )
        .order_by(steps.c.id.desc())
        .limit(limit)
    )
    return list(conn.execute(query))
