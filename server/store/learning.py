"""Rows of the learning loop."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, ScalarSelect, exists, func, insert, select

from server.store.learning_tables import correction_contexts, label_reasons, model_decisions
from server.store.tables import corrections, predictions, reports
from triage.selection import Chosen

Values = dict[str, object]


def add_opinion(
    conn: Connection,
    said: Values,
    *,
    screen: str,
    saw_model: bool,
    purpose: str,
    chosen: Chosen | None = None,
) -> None:
    """One person's word and how it came about; nothing is ever overwritten."""
    added = conn.execute(insert(corrections).values(**said).returning(corrections.c.id))
    context = {"screen": screen, "saw_model": saw_model, "purpose": purpose}
    number = added.scalar_one()
    conn.execute(insert(correction_contexts).values(correction_id=number, **context))
    if chosen is not None:
        because = {"reason": chosen.reason, "probability": chosen.probability}
        conn.execute(insert(label_reasons).values(correction_id=number, **because))


def opinions(
    conn: Connection,
    *,
    since: datetime | None = None,
    report_id: str | None = None,
    report_ids: Collection[str] | None = None,
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
    if report_ids is not None:
        query = query.where(corrections.c.report_id.in_(report_ids))
    return conn.execute(query).all()


def unlabelled(conn: Connection, since: datetime, *, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The newest live reports without a person's word, each with its newest assessment.
    Confidential ones are not shown around."""
    spoken = exists().where(corrections.c.report_id == reports.c.id)
    query = (
        select(
            reports.c.id,
            reports.c.received_at,
            reports.c.text,
            predictions.c.assessment,
            predictions.c.risk,
        )
        .join(predictions, predictions.c.id == _newest_of(reports.c.id))
        .where(reports.c.received_at >= since, reports.c.case_id.is_not(None))
        .where(reports.c.confidential.is_(False), ~spoken)
        .order_by(reports.c.received_at.desc(), reports.c.id.desc())
    )
    return conn.execute(query.limit(limit)).all()


def live_report_ids(conn: Connection, since: datetime, *, limit: int) -> Sequence[str]:
    """Reports that opened or joined a case since then, newest first; confidential ones apart."""
    query = (
        select(reports.c.id)
        .where(reports.c.received_at >= since, reports.c.case_id.is_not(None))
        .where(reports.c.confidential.is_(False))
        .order_by(reports.c.received_at.desc(), reports.c.id.desc())
    )
    return conn.execute(query.limit(limit)).scalars().all()


def judged(conn: Connection, report_ids: Collection[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """The first assessment and route of each report: what the model did of its own."""
    first = (
        select(func.min(predictions.c.id))
        .where(predictions.c.report_id.in_(report_ids))
        .group_by(predictions.c.report_id)
    )
    query = select(predictions.c.report_id, predictions.c.assessment, predictions.c.route)
    return conn.execute(query.where(predictions.c.id.in_(first))).all()


def coded(conn: Connection, *, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """The newest reports with a feedback code and no person's word."""
    spoken = exists().where(corrections.c.report_id == reports.c.id)
    query = (
        select(reports.c.id, reports.c.text, reports.c.taken_at, reports.c.feedback_code)
        .where(reports.c.feedback_code.is_not(None), ~spoken)
        .order_by(reports.c.received_at.desc(), reports.c.id.desc())
    )
    return conn.execute(query.limit(limit)).all()


def count_coded(conn: Connection) -> int:
    query = select(func.count()).select_from(reports)
    return conn.execute(query.where(reports.c.feedback_code.is_not(None))).scalar_one()


def known_decisions(conn: Connection, keys: Collection[str]) -> set[str]:
    query = select(model_decisions.c.key).where(model_decisions.c.key.in_(keys))
    return set(conn.execute(query).scalars())


def add_decision(conn: Connection, values: Values) -> None:
    conn.execute(insert(model_decisions).values(**values))


def decisions(conn: Connection, *, limit: int) -> Sequence[Row[Any]]:
    """Newest first."""
    query = select(model_decisions).order_by(model_decisions.c.at.desc())
    return conn.execute(query.limit(limit)).all()


def _newest_of(report_id: Column[str]) -> ScalarSelect[int]:
    query = select(func.max(predictions.c.id)).where(predictions.c.report_id == report_id)
    return query.correlate(report_id.table).scalar_subquery()
