"""Shifts and breaks: what a roster sheet writes, and what cover is counted from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select, update

from server.domain.duty import Shift, Span
from server.store import custody
from server.store.aftercare_tables import duty_breaks
from server.store.tables import duties, members


def spans(conn: Connection, since: datetime, until: datetime) -> list[Span]:
    """Shifts that touch the time between, earliest first."""
    query = (
        select(duties.c.unit_id, duties.c.start_at, duties.c.end_at)
        .where(duties.c.start_at < until, or_(duties.c.end_at.is_(None), duties.c.end_at > since))
        .order_by(duties.c.start_at, duties.c.unit_id)
    )
    return [Span(row.unit_id, row.start_at, row.end_at) for row in conn.execute(query)]


def breaks(conn: Connection, since: datetime, until: datetime) -> list[Span]:
    query = (
        select(duty_breaks.c.unit_id, duty_breaks.c.start_at, duty_breaks.c.end_at)
        .where(duty_breaks.c.start_at < until, duty_breaks.c.end_at > since)
        .order_by(duty_breaks.c.start_at, duty_breaks.c.unit_id)
    )
    return [Span(row.unit_id, row.start_at, row.end_at) for row in conn.execute(query)]


def knows(conn: Connection, shift: Shift) -> bool:
    """Whether this very shift, with this break and crew, is there already."""
    query = select(duties.c.id).where(
        duties.c.unit_id == shift.unit_id,
        duties.c.start_at == shift.start,
        duties.c.end_at == shift.end,
    )
    if conn.execute(query).first() is None:
        return False
    pause = select(duty_breaks.c.start_at, duty_breaks.c.end_at).where(
        duty_breaks.c.unit_id == shift.unit_id,
        duty_breaks.c.start_at >= shift.start,
        duty_breaks.c.start_at < shift.end,
    )
    found = [(row.start_at, row.end_at) for row in conn.execute(pause)]
    if found != ([(shift.break_start, shift.break_end)] if shift.break_start else []):
        return False
    crew = custody.crew_of(conn, shift.unit_id, shift.start)
    return crew == (set(shift.members), dict(shift.devices))


def put(conn: Connection, shift: Shift) -> None:
    """Write a shift in place of one of the unit that begins at the same moment."""
    mine = duties.c.unit_id == shift.unit_id
    conn.execute(delete(duties).where(mine, duties.c.start_at == shift.start))
    conn.execute(
        delete(duty_breaks).where(
            duty_breaks.c.unit_id == shift.unit_id,
            duty_breaks.c.start_at >= shift.start,
            duty_breaks.c.start_at < shift.end,
        )
    )
    conn.execute(
        insert(duties).values(unit_id=shift.unit_id, start_at=shift.start, end_at=shift.end)
    )
    custody.put_crew(conn, shift.unit_id, shift.start, shift.members, dict(shift.devices))
    if shift.break_start is not None:
        conn.execute(
            insert(duty_breaks).values(
                unit_id=shift.unit_id, start_at=shift.break_start, end_at=shift.break_end
            )
        )


def add_break(conn: Connection, pause: Span) -> None:
    conn.execute(
        insert(duty_breaks).values(unit_id=pause.unit_id, start_at=pause.start, end_at=pause.end)
    )


def remove_break(conn: Connection, unit_id: str, start: datetime) -> bool:
    """False when there is none that begins then."""
    query = delete(duty_breaks).where(
        duty_breaks.c.unit_id == unit_id, duty_breaks.c.start_at == start
    )
    return conn.execute(query).rowcount == 1


def end_open(conn: Connection, shift: Shift) -> int:
    """A sheet takes the place of 'until further notice'; how many such shifts it ended."""
    running = (duties.c.unit_id == shift.unit_id) & duties.c.end_at.is_(None)
    begun_within = (duties.c.start_at >= shift.start) & (duties.c.start_at < shift.end)
    gone = conn.execute(delete(duties).where(running, begun_within))
    ended = conn.execute(
        update(duties).where(running, duties.c.start_at < shift.start).values(end_at=shift.start)
    )
    return gone.rowcount + ended.rowcount


def add_members(conn: Connection, unit_id: str, names: Iterable[str]) -> None:
    query = select(members.c.name).where(members.c.unit_id == unit_id)
    known = set(conn.execute(query).scalars())
    for name in names:
        if name not in known:
            conn.execute(insert(members).values(unit_id=unit_id, name=name))
            known.add(name)
