"""Learning that somebody committed, without asking the tables again and again.

SQLite: ``PRAGMA data_version`` on an own connection changes whenever another connection commits
(sqlite.org/pragma.html#pragma_data_version). PostgreSQL: LISTEN on the events' channel.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Protocol

import psycopg
from sqlalchemy import Engine

from server.store.events import CHANNEL

POLL_S = 0.1


class Waker(Protocol):
    def wait(self, timeout_s: float) -> bool:
        """True as soon as something was committed, False after the timeout."""

    def close(self) -> None: ...


def open_waker(engine: Engine) -> Waker:
    """A waker of its own connection; use it in one thread."""
    if engine.dialect.name == "sqlite":
        return SqliteWaker(engine.url.database or "")
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return PostgresWaker(url)


class SqliteWaker:
    def __init__(self, path: str) -> None:
        self._conn = sqlite3.connect(path, isolation_level=None)
        self._seen = self._version()

    def wait(self, timeout_s: float) -> bool:
        end = time.monotonic() + timeout_s
        while (version := self._version()) == self._seen:
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_S)
        self._seen = version
        return True

    def close(self) -> None:
        self._conn.close()

    def _version(self) -> int:
        return int(self._conn.execute("PRAGMA data_version").fetchone()[0])


class PostgresWaker:
    """Hears of events only; changes of live state come without one and are looked up in time."""

    def __init__(self, url: str) -> None:
        self._conn = psycopg.connect(url, autocommit=True)
        self._conn.execute(f"LISTEN {CHANNEL}")

    def wait(self, timeout_s: float) -> bool:
        return any(True for _ in self._conn.notifies(timeout=timeout_s, stop_after=1))

    def close(self) -> None:
        self._conn.close()
