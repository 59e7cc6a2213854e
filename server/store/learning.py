"""Rows of the learning loop."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from server.store.learning_tables import correction_contexts, model_decisions
from server.store.tables import corrections, predictions, reports

Values = dict[str, object]


def add_opinion(
    conn: Connection, said: Values, *, screen: str, saw_model: bool, purpose: str
) -> None:
    """One person's word and how it came about; nothing is ever overwritten."""
    added = conn.execute(insert(corrections).values(**said).returning(corrections.c.id))
    context = {"screen": screen, "saw_model": saw_model, "purpose": purpose}
    number = added.scalar_one()
    conn.execute(insert(correction_contexts).values(correction_id=number, **context))


def opinions(
    conn: Connection, *, since: datetime | None = None, report_id: str | None = None
) -> Sequence[Row[Any]]:
    """Every word with its report's masked text, oldest first. ``since`` picks whole reports by
    their newest word, so that no report comes with half its words."""
    query = (
        select(
            corrections,
            correction_contexts.c.purpose,
            correction_contexts.c.saw_model,
            reports.c.text,
            reports.c.received_at,
        )
        .join(reports, reports.c.id == corrections.c.report_id)
        .outerjoin(correction_contexts, correction_contexts.c.correction_id == corrections.c.id)
        .order_by(corrections.c.id)
    )
    if since is not None:
        touched = select(corrections.c.report_id).where(corrections.c.at >= since)
        query = query.where(corrections.c.report_id.in_(touched))
    if report_id is not None:
        query = query.where(corrections.c.report_id == report_id)
    return conn.execute(query).all()


def predicted(
    conn: Connection, since: datetime, until: datetime, *, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The newest assessments of a window."""
    query = (
        select(predictions.c.assessment, predictions.c.report_id)
        .where(predictions.c.at >= since, predictions.c.at < until)
        .order_by(predictions.c.id.desc())
    )
    return conn.execute(query.limit(limit)).all()


def known_decisions(conn: Connection, keys: Collection[str]) -> set[str]:
    query = select(model_decisions.c.key).where(model_decisions.c.key.in_(keys))
    return set(conn.execute(query).scalars())


def add_decision(conn: Connection, values: Values) -> None:
    conn.execute(insert(model_decisions).values(**values))


def decisions(conn: Connection, *, limit: int) -> Sequence[Row[Any]]:
    """Newest first."""
    query = select(model_decisions).order_by(model_decisions.c.at.desc())
    return conn.execute(query.limit(limit)).all()
