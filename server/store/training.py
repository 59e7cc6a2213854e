"""Rows of training runs. Every change is a compare-and-swap, so any number of workers may try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from server.store.model_tables import training_runs as runs

Values = Mapping[str, object]


def add(conn: Connection, values: Values) -> None:
    """Raises IntegrityError when another run waits or runs."""
    conn.execute(insert(runs).values(**values, slot=1))


def newest(conn: Connection, *, limit: int) -> Sequence[Row[Any]]:
    """Newest first."""
    return conn.execute(select(runs).order_by(runs.c.asked_at.desc()).limit(limit)).all()


def open_run(conn: Connection) -> Row[Any] | None:
    """The one that waits or runs."""
    query = select(runs).where(runs.c.state.in_(("waiting", "running")))
    return conn.execute(query).one_or_none()


def find(conn: Connection, run_id: str) -> Row[Any] | None:
    return conn.execute(select(runs).where(runs.c.id == run_id)).one_or_none()


def swap(conn: Connection, run_id: str, *, before: str, after: str, **values: object) -> bool:
    """From one state into another; False when somebody else was faster."""
    query = update(runs).where(runs.c.id == run_id, runs.c.state == before)
    return conn.execute(query.values(state=after, **values)).rowcount == 1


def beat(conn: Connection, run_id: str, holder: str, **values: object) -> bool:
    """Renew the lease; False when the run is over or another worker's."""
    query = update(runs).where(
        runs.c.id == run_id, runs.c.state == "running", runs.c.holder == holder
    )
    return conn.execute(query.values(**values)).rowcount == 1


def cancel(conn: Connection, run_id: str, by: str) -> bool:
    """Note who wants a running run to end; False when it is not running or was told before."""
    query = update(runs).where(
        runs.c.id == run_id, runs.c.state == "running", runs.c.cancelled_by.is_(None)
    )
    return conn.execute(query.values(cancelled_by=by)).rowcount == 1


def expired(conn: Connection, now: datetime) -> Sequence[Row[Any]]:
    """Running runs whose worker has not been heard in time."""
    query = select(runs).where(runs.c.state == "running", runs.c.lease_until < now)
    return conn.execute(query).all()
