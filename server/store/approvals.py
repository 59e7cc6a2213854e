"""Rows of promotions that want a second person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from server.store.model_tables import promotion_requests as requests


def add(conn: Connection, values: Mapping[str, object]) -> None:
    conn.execute(insert(requests).values(**values))


def waiting(conn: Connection) -> Sequence[Row[Any]]:
    """Oldest first."""
    query = select(requests).where(requests.c.state == "waiting")
    return conn.execute(query.order_by(requests.c.asked_at)).all()


def find(conn: Connection, request_id: str) -> Row[Any] | None:
    return conn.execute(select(requests).where(requests.c.id == request_id)).one_or_none()


def decide(conn: Connection, request_id: str, state: str, **values: object) -> bool:
    """False when somebody else decided first."""
    query = update(requests).where(requests.c.id == request_id, requests.c.state == "waiting")
    return conn.execute(query.values(state=state, **values)).rowcount == 1
