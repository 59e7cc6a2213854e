"""Where phones can be pushed to, and up to which event they have been told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from server.store.phone_tables import push_position, push_subscriptions

PushRow = Row[*tuple[Any, ...]]
_ONE = 1


def put(conn: Connection, values: dict[str, object]) -> None:
    """Keep a subscription; the same endpoint again belongs to who said it last."""
    remove(conn, str(values["endpoint_key"]))
    conn.execute(insert(push_subscriptions).values(failures=0, **values))


def remove(conn: Connection, endpoint_key: str) -> None:
    conn.execute(
        delete(push_subscriptions).where(push_subscriptions.c.endpoint_key == endpoint_key)
    )


def of_units(conn: Connection, unit_ids: set[str]) -> list[PushRow]:
    query = select(push_subscriptions).where(push_subscriptions.c.unit_id.in_(unit_ids))
    return list(conn.execute(query.order_by(push_subscriptions.c.created_at)))


def note_result(conn: Connection, endpoint_key: str, *, failures: int) -> None:
    conn.execute(
        update(push_subscriptions)
        .where(push_subscriptions.c.endpoint_key == endpoint_key)
        .values(failures=failures)
    )


def told_up_to(conn: Connection) -> int | None:
    query = select(push_position.c.event_id).where(push_position.c.id == _ONE)
    return conn.execute(query).scalar_one_or_none()


def start_at(conn: Connection, event_id: int) -> None:
    conn.execute(insert(push_position).values(id=_ONE, event_id=event_id))


def advance(conn: Connection, *, before: int, after: int) -> bool:
    """Claim the events in between; False when another worker did."""
    result = conn.execute(
        update(push_position)
        .where(push_position.c.id == _ONE, push_position.c.event_id == before)
        .values(event_id=after)
    )
    return result.rowcount == 1
