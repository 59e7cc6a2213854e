"""Rows of models in shadow: what they would have said of live reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from server.store.model_tables import shadow_readings as readings
from server.store.model_tables import shadows
from server.store.tables import predictions, reports

Values = Mapping[str, object]


def last_prediction(conn: Connection) -> int:
    return conn.execute(select(func.max(predictions.c.id))).scalar_one() or 0


def add(conn: Connection, values: Values) -> None:
    """Raises IntegrityError while another model is in shadow."""
    conn.execute(insert(shadows).values(**values, slot=1))


def current(conn: Connection) -> Row[Any] | None:
    return conn.execute(select(shadows).where(shadows.c.ended_at.is_(None))).one_or_none()


def newest(conn: Connection) -> Row[Any] | None:
    """The one in shadow, or the last that was."""
    query = select(shadows).order_by(shadows.c.started_at.desc()).limit(1)
    return conn.execute(query).one_or_none()


def end(conn: Connection, shadow_id: str, **values: object) -> bool:
    """False when it was over already."""
    query = update(shadows).where(shadows.c.id == shadow_id, shadows.c.ended_at.is_(None))
    return conn.execute(query.values(**values)).rowcount == 1


def note_fault(conn: Connection, shadow_id: str, fault: str | None) -> None:
    conn.execute(update(shadows).where(shadows.c.id == shadow_id).values(fault=fault))


def unread(conn: Connection, after: int, *, limit: int) -> Sequence[Row[Any]]:
    """Predictions behind number ``after`` with their report's masked text, oldest first."""
    query = (
        select(predictions, reports.c.text)
        .join(reports, reports.c.id == predictions.c.report_id)
        .where(predictions.c.id > after)
        .order_by(predictions.c.id)
    )
    return conn.execute(query.limit(limit)).all()


def keep(
    conn: Connection, shadow_id: str, rows: Sequence[Values], *, before: int, after: int
) -> bool:
    """Add readings and move on; False, and nothing kept, when another worker read them."""
    moved = update(shadows).where(
        shadows.c.id == shadow_id, shadows.c.read_to == before, shadows.c.ended_at.is_(None)
    )
    if conn.execute(moved.values(read_to=after, fault=None)).rowcount != 1:
        return False
    conn.execute(insert(readings), list(rows))
    return True


def counts(conn: Connection, shadow_id: str) -> tuple[int, int]:
    """Reports read, and those on which the two differ."""
    of = readings.c.shadow_id == shadow_id
    total = conn.execute(select(func.count()).select_from(readings).where(of)).scalar_one()
    differ = select(func.count()).select_from(readings).where(of, readings.c.differs)
    return total, conn.execute(differ).scalar_one()


def read_by(conn: Connection, model: str) -> int:
    """Live reports that model has read in any shadow."""
    query = select(func.count()).select_from(
        readings.join(shadows, shadows.c.id == readings.c.shadow_id)
    )
    return conn.execute(query.where(shadows.c.model == model)).scalar_one()


def waiting(conn: Connection, after: int) -> int:
    query = select(func.count()).select_from(predictions).where(predictions.c.id > after)
    return conn.execute(query).scalar_one()


def readings_of(conn: Connection, report_id: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Model and time of every reading of one report."""
    query = select(shadows.c.model, readings.c.at).join(
        shadows, shadows.c.id == readings.c.shadow_id
    )
    return conn.execute(query.where(readings.c.report_id == report_id)).all()


def differences(conn: Connection, shadow_id: str, *, limit: int) -> Sequence[Row[Any]]:
    """Newest first."""
    query = (
        select(readings, reports.c.case_id)
        .join(reports, reports.c.id == readings.c.report_id)
        .where(readings.c.shadow_id == shadow_id, readings.c.differs)
        .order_by(readings.c.id.desc())
    )
    return conn.execute(query.limit(limit)).all()
