"""Each clock of a unit's assignment beside the step that answered it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, select

from server.domain.case import Step
from server.domain.evidence import Verdict
from server.domain.punctuality import Timed
from server.domain.sla import DeadlineState
from server.store.tables import assignments, deadlines, steps, units


def timed_steps(conn: Connection, since: datetime, until: datetime) -> list[Timed]:
    """Clocks of the assignments made in a span; those that were called off are among them."""
    query = (
        select(
            deadlines.c.step,
            deadlines.c.state,
            units.c.id,
            units.c.name,
            units.c.point,
            assignments.c.at.label("handed_over_at"),
            steps.c.at.label("done_at"),
            steps.c.verdict,
        )
        .join(assignments, assignments.c.id == deadlines.c.assignment_id)
        .join(units, units.c.id == assignments.c.unit_id)
        .outerjoin(
            steps,
            and_(steps.c.assignment_id == assignments.c.id, steps.c.step == deadlines.c.step),
        )
        .where(assignments.c.at >= since, assignments.c.at < until)
    )
    return [
        Timed(
            step=Step(row.step),
            unit_id=row.id,
            unit_name=row.name,
            point=row.point,
            handed_over_at=row.handed_over_at,
            state=DeadlineState(row.state),
            seconds=(row.done_at - row.handed_over_at).total_seconds() if row.done_at else None,
            verdict=Verdict(row.verdict) if row.verdict else None,
        )
        for row in conn.execute(query)
    ]
