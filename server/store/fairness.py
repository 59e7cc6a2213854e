"""Rows of fairness: live reports with what the model did first, and clocks that were missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from server.store.tables import deadlines, predictions, reports


def live(conn: Connection, since: datetime, *, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The newest main reports with a case, each with its first assessment and route."""
    first = (
        select(func.min(predictions.c.id))
        .where(predictions.c.report_id == reports.c.id)
        .correlate(reports)
        .scalar_subquery()
    )
    query = (
        select(
            reports.c.id,
            reports.c.case_id,
            reports.c.source,
            reports.c.text,
            reports.c.lat,
            reports.c.lon,
            predictions.c.assessment,
            predictions.c.route,
        )
        .join(predictions, predictions.c.id == first)
        .where(reports.c.received_at >= since, reports.c.case_id.is_not(None))
        .where(reports.c.linked_to.is_(None))
        .order_by(reports.c.received_at.desc(), reports.c.id.desc())
    )
    return conn.execute(query.limit(limit)).all()


def late(conn: Connection, step: str, since: datetime) -> dict[str, bool]:
    """``{case: whether the step's clock was ever missed}`` of cases whose clock has ended."""
    query = select(deadlines.c.case_id, deadlines.c.state).where(
        deadlines.c.step == step,
        deadlines.c.due_at >= since,
        deadlines.c.state.in_(("met", "missed")),
    )
    found: dict[str, bool] = {}
    for case_id, state in conn.execute(query):
        found[case_id] = found.get(case_id, False) or state == "missed"
    return found
