"""Small questions a check-up asks the database; nothing here stays changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import make_url

from server.store.tables import event_head, events, telemetry


def try_writing(conn: Connection) -> None:
    """Touch a row in a transaction the caller rolls back. Raises SQLAlchemyError."""
    conn.execute(update(event_head).values(last_id=event_head.c.last_id))


def head_fits(conn: Connection) -> tuple[bool, int]:
    """Whether the head agrees with the newest event, and that event's number."""
    head = conn.execute(select(event_head)).one_or_none()
    last = conn.execute(
        select(events.c.id, events.c.hash).order_by(events.c.id.desc()).limit(1)
    ).one_or_none()
    if head is None or last is None:
        return (head is None or head.last_id == 0) and last is None, 0
    return head.last_id == last.id and head.last_hash == last.hash, last.id


def database_clock(conn: Connection) -> datetime | None:
    """The database server's time; None for SQLite, which has no clock of its own."""
    if conn.dialect.name == "sqlite":
        return None
    now: datetime = conn.execute(select(func.clock_timestamp())).scalar_one()
    return now.astimezone(UTC)


def newest_device_skew(conn: Connection) -> timedelta | None:
    """How far the newest message's sender was ahead of the agent that received it."""
    newest = conn.execute(
        select(telemetry.c.sent_at, telemetry.c.received_at)
        .order_by(telemetry.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if newest is None else newest.sent_at - newest.received_at


def sqlite_file(url: str) -> str | None:
    """The file behind a database address, or None for a database server."""
    parsed = make_url(url)
    return parsed.database if parsed.get_backend_name() == "sqlite" else None
