"""Who looked at a caller's clear data: every view leaves a row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert

from server.store.tables import views


def add(conn: Connection, *, at: datetime, who: str, what: str, object_id: str) -> None:
    conn.execute(insert(views).values(at=at, who=who, what=what, object_id=object_id))
