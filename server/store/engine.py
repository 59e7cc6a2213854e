"""Opening the database: the same behaviour on SQLite (WAL) and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

BUSY_TIMEOUT_MS = 15_000
POOL_SIZE = 24
"""More than the web threads that write at once, fewer than PostgreSQL's default 100."""


def open_engine(url: str) -> Engine:
    """An engine for ``sqlite:///file`` or ``postgresql+psycopg://…``; opens nothing yet."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(
        parsed, pool_size=POOL_SIZE, max_overflow=8, pool_pre_ping=True, hide_parameters=True
    )


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that may write; commits at the end or leaves nothing behind.

    On SQLite it begins IMMEDIATE, so that two writers wait for each other instead of failing.
    """
    with engine.connect() as raw:
        conn = raw.execution_options(writes=True)
        with conn.begin():
            yield conn


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One snapshot for reading."""
    with engine.connect() as conn, conn.begin():
        yield conn


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        hide_parameters=True,  # an error must not carry the row it is about
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions on its own
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        writes = conn.get_execution_options().get("writes", False)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
