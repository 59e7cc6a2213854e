"""Small questions that tell whether the database answers and when devices were last heard."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from server.store.tables import telemetry


def answers(conn: Connection) -> bool:
    return int(conn.execute(select(1)).scalar_one()) == 1


def last_telemetry_at(conn: Connection) -> datetime | None:
    """When the newest message was stored."""
    query = select(telemetry.c.stored_at).order_by(telemetry.c.id.desc()).limit(1)
    return conn.execute(query).scalar_one_or_none()
