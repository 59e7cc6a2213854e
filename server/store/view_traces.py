"""Who looked at a caller's clear data: every view leaves a row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from server.store.tables import views


def add(conn: Connection, *, at: datetime, who: str, what: str, object_id: str) -> None:
    conn.execute(insert(views).values(at=at, who=who, what=what, object_id=object_id))


def page(
    conn: Connection, *, who: str | None, below: int | None, limit: int
) -> Sequence[Row[tuple[Any, ...]]]:
    """Newest first."""
    query = select(views).order_by(views.c.id.desc()).limit(limit)
    if who:
        query = query.where(views.c.who == who)
    if below is not None:
        query = query.where(views.c.id < below)
    return list(conn.execute(query))
