"""Calls on their way to devices: made, handed to an agent, taken by the broker, answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, insert, or_, select, update

from server.store.edge_tables import down_calls
from server.store.tables import assignments, cases, devices

CallRow = Row[*tuple[Any, ...]]
Values = dict[str, object]
HAND_AGAIN = timedelta(seconds=10)
"""An agent that did not say that the broker has it may have died; devices know a call by its id."""
MAX_AT_ONCE = 200


def uncalled(conn: Connection, *, since: datetime) -> list[CallRow]:
    """Running assignments made after ``since`` for which nobody was called yet."""
    called = exists().where(down_calls.c.assignment_id == assignments.c.id)
    query = (
        select(
            assignments.c.id.label("assignment_id"),
            assignments.c.case_id,
            assignments.c.unit_id,
            assignments.c.eta_s,
            cases.c.route,
            cases.c.category,
            cases.c.danger,
        )
        .join(cases, cases.c.id == assignments.c.case_id)
        .where(assignments.c.ended_at.is_(None), assignments.c.at >= since, ~called)
        .where(exists().where(devices.c.unit_id == assignments.c.unit_id, _active()))
        .order_by(assignments.c.id)
        .limit(MAX_AT_ONCE)
    )
    return list(conn.execute(query))


def _active() -> Any:
    return devices.c.revoked_at.is_(None)


def devices_of(conn: Connection, unit_id: str) -> list[str]:
    query = select(devices.c.id).where(devices.c.unit_id == unit_id, _active())
    return list(conn.execute(query.order_by(devices.c.id)).scalars())


def add(conn: Connection, rows: Sequence[Values]) -> None:
    conn.execute(insert(down_calls), list(rows))


def hand_out(conn: Connection, now: datetime) -> list[CallRow]:
    """What an agent is to publish now; marked as handed."""
    open_ = and_(down_calls.c.state == "waiting", down_calls.c.expires_at > now)
    again = or_(down_calls.c.handed_at.is_(None), down_calls.c.handed_at <= now - HAND_AGAIN)
    query = select(down_calls).where(open_, again).order_by(down_calls.c.made_at)
    rows = list(conn.execute(query.limit(MAX_AT_ONCE).with_for_update(skip_locked=True)))
    if rows:
        ids = [row.id for row in rows]
        conn.execute(update(down_calls).where(down_calls.c.id.in_(ids)).values(handed_at=now))
    return rows


def mark_sent(conn: Connection, ids: Collection[str], *, at: datetime) -> None:
    if ids:
        conn.execute(
            update(down_calls)
            .where(down_calls.c.id.in_(ids), down_calls.c.state == "waiting")
            .values(state="sent", sent_at=at)
        )


def answer(
    conn: Connection, call_id: str, *, device_id: str, outcome: str, at: datetime
) -> CallRow | None:
    """Notes a device's answer; None when the call is not this device's or was answered before."""
    query = select(down_calls).where(
        down_calls.c.id == call_id, down_calls.c.device_id == device_id
    )
    row = conn.execute(query).one_or_none()
    if row is None or row.state == outcome or (row.answered_at and outcome == "received"):
        return None
    conn.execute(
        update(down_calls).where(down_calls.c.id == call_id).values(state=outcome, answered_at=at)
    )
    return row


def expire(conn: Connection, now: datetime) -> list[CallRow]:
    """Calls whose time is over without an answer; marked."""
    gone = and_(down_calls.c.state.in_(("waiting", "sent")), down_calls.c.expires_at <= now)
    rows = list(conn.execute(select(down_calls).where(gone).limit(MAX_AT_ONCE)))
    if rows:
        ids = [row.id for row in rows]
        conn.execute(update(down_calls).where(down_calls.c.id.in_(ids)).values(state="expired"))
    return rows


def any_expired(conn: Connection, now: datetime) -> bool:
    query = select(down_calls.c.id).where(
        down_calls.c.state.in_(("waiting", "sent")), down_calls.c.expires_at <= now
    )
    return conn.execute(query.limit(1)).first() is not None


def is_called(conn: Connection, assignment_id: int) -> bool:
    query = select(down_calls.c.id).where(down_calls.c.assignment_id == assignment_id).limit(1)
    return conn.execute(query).first() is not None


def is_answered(conn: Connection, assignment_id: int) -> bool:
    query = select(down_calls.c.id).where(
        down_calls.c.assignment_id == assignment_id, down_calls.c.answered_at.is_not(None)
    )
    return conn.execute(query.limit(1)).first() is not None


def of_case(conn: Connection, case_id: str) -> list[CallRow]:
    """Every call of a case, oldest first."""
    query = select(down_calls).where(down_calls.c.case_id == case_id)
    return list(conn.execute(query.order_by(down_calls.c.made_at, down_calls.c.device_id)))
