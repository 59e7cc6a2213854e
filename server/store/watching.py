"""Rows of what is watched: one day's reports and words, and the counts kept of earlier days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, select
from sqlalchemy.exc import IntegrityError

from server.domain.drift import Alert
from server.domain.watching import Day
from server.store.identity_tables import mentions
from server.store.learning_tables import correction_contexts, watch_days
from server.store.tables import corrections, predictions, reports

AnyRow = Row[*tuple[Any, ...]]


def seen(conn: Connection, since: datetime, until: datetime, *, limit: int) -> Sequence[AnyRow]:
    """Live reports judged in a span: assessment, text, whether the caller was known before.
    Imported history has no case and is left out."""
    earlier = mentions.alias("earlier")
    known = exists().where(
        earlier.c.person_id == mentions.c.person_id, earlier.c.at < mentions.c.at
    )
    query = (
        select(predictions.c.assessment, reports.c.text, known.label("linked"))
        .join(reports, reports.c.id == predictions.c.report_id)
        .outerjoin(mentions, mentions.c.report_id == reports.c.id)
        .where(predictions.c.at >= since, predictions.c.at < until)
        .where(reports.c.case_id.is_not(None))
        .order_by(predictions.c.id)
    )
    return conn.execute(query.limit(limit)).all()


def words(conn: Connection, since: datetime, until: datetime, *, limit: int) -> Sequence[AnyRow]:
    """What people said in a span without the model in sight, each with its newest assessment."""
    newest = (
        select(func.max(predictions.c.id))
        .where(predictions.c.report_id == corrections.c.report_id)
        .correlate(corrections)
        .scalar_subquery()
    )
    query = (
        select(corrections.c.label, predictions.c.assessment)
        .join(correction_contexts, correction_contexts.c.correction_id == corrections.c.id)
        .join(predictions, predictions.c.id == newest)
        .where(corrections.c.at >= since, corrections.c.at < until)
        .where(correction_contexts.c.saw_model.is_(False))
        .order_by(corrections.c.id)
    )
    return conn.execute(query.limit(limit)).all()


def first_judged(conn: Connection) -> datetime | None:
    """When the first live report was judged."""
    query = (
        select(predictions.c.at)
        .join(reports, reports.c.id == predictions.c.report_id)
        .where(reports.c.case_id.is_not(None))
        .order_by(predictions.c.id)
    )
    return conn.execute(query.limit(1)).scalar_one_or_none()


def last_day(conn: Connection) -> date | None:
    found = conn.execute(select(func.max(watch_days.c.day))).scalar_one()
    return date.fromisoformat(found) if found else None


def days(conn: Connection, since: date) -> list[Day]:
    """Every kept day from ``since`` on, oldest first."""
    query = select(watch_days).where(watch_days.c.day >= since.isoformat())
    return [_day(row) for row in conn.execute(query.order_by(watch_days.c.day, watch_days.c.what))]


def add(conn: Connection, made: Sequence[Day]) -> bool:
    """Keep a whole day; False when another worker was faster."""
    try:
        with conn.begin_nested():
            conn.execute(insert(watch_days), [_values(day) for day in made])
    except IntegrityError:
        return False
    return True


def forget_before(conn: Connection, day: date) -> int:
    return conn.execute(delete(watch_days).where(watch_days.c.day < day.isoformat())).rowcount


def _day(row: AnyRow) -> Day:
    alert = Alert(row.raised, row.streak)
    return Day(date.fromisoformat(row.day), row.what, row.rows, row.counts, row.value, alert)


def _values(day: Day) -> dict[str, object]:
    return {
        "day": day.day.isoformat(),
        "what": day.what,
        "rows": day.rows,
        "counts": dict(day.counts),
        "value": day.value,
        "raised": day.alert.raised,
        "streak": day.alert.streak,
    }
