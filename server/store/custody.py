"""With whom each device was, and what the roster planned: rows of the custody rules."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from server.domain.custody import Crew, Hands, Held
from server.store.edge_tables import device_holds, device_links, shift_devices, shift_members
from server.store.tables import devices, duties

EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for 'since the device is known'."""
MAX_HOLDS = 1000

HoldRow = Row[*tuple[Any, ...]]


def begin(
    conn: Connection, device_id: str, *, unit_id: str | None, by: str, member: str | None = None
) -> None:
    """The first hold of a new device."""
    row = {"device_id": device_id, "unit_id": unit_id, "member": member, "by": by}
    conn.execute(insert(device_holds).values(**row))


def hand(conn: Connection, device_id: str, to: Hands, *, at: datetime, by: str) -> bool | None:
    """Into other hands from ``at`` on. None: no such device in use; False: it is there already."""
    found = conn.execute(
        update(devices)
        .where(devices.c.id == device_id, devices.c.revoked_at.is_(None))
        .values(unit_id=to.unit_id)
    )
    if found.rowcount != 1:
        return None
    mine = and_(device_holds.c.device_id == device_id, device_holds.c.ended_at.is_(None))
    now = conn.execute(select(device_holds).where(mine)).one_or_none()
    if now is not None and (now.unit_id, now.member) == (to.unit_id, to.member):
        return False
    conn.execute(update(device_holds).where(mine).values(ended_at=at))
    row = {"device_id": device_id, "unit_id": to.unit_id, "member": to.member, "by": by}
    conn.execute(insert(device_holds).values(begun_at=at if now is not None else None, **row))
    _note_member(conn, device_id, to.member)
    return True


def end(conn: Connection, device_id: str, at: datetime) -> None:
    """A revoked device is in nobody's hands."""
    conn.execute(
        update(device_holds)
        .where(device_holds.c.device_id == device_id, device_holds.c.ended_at.is_(None))
        .values(ended_at=at)
    )


def unit_at(conn: Connection, device_id: str, at: datetime) -> str | None:
    """The unit that had a device at a moment."""
    query = select(device_holds.c.unit_id).where(
        device_holds.c.device_id == device_id,
        or_(device_holds.c.begun_at.is_(None), device_holds.c.begun_at <= at),
        or_(device_holds.c.ended_at.is_(None), device_holds.c.ended_at > at),
    )
    return conn.execute(query.order_by(device_holds.c.id.desc()).limit(1)).scalar_one_or_none()


def rows(conn: Connection, device_id: str) -> list[HoldRow]:
    """The newest holds of a device, newest first, with who handed it over."""
    query = select(device_holds).where(device_holds.c.device_id == device_id)
    return list(conn.execute(query.order_by(device_holds.c.id.desc()).limit(MAX_HOLDS)))


def held(
    conn: Connection, device_ids: Collection[str], since: datetime, until: datetime
) -> dict[str, list[Held]]:
    """Holds that touch ``[since, until]``, by device."""
    query = select(device_holds).where(
        device_holds.c.device_id.in_(device_ids),
        or_(device_holds.c.begun_at.is_(None), device_holds.c.begun_at <= until),
        or_(device_holds.c.ended_at.is_(None), device_holds.c.ended_at > since),
    )
    found: dict[str, list[Held]] = {}
    for row in conn.execute(query):
        span = Held(row.unit_id, row.member, row.begun_at or EVER, row.ended_at)
        found.setdefault(row.device_id, []).append(span)
    return found


def plans(
    conn: Connection, device_ids: Collection[str], since: datetime, until: datetime
) -> dict[str, list[Held]]:
    """What shifts that touch ``[since, until]`` say of these devices."""
    query = (
        select(shift_devices, duties.c.end_at)
        .join(duties, _same_shift(shift_devices))
        .where(
            shift_devices.c.device_id.in_(device_ids),
            duties.c.start_at <= until,
            or_(duties.c.end_at.is_(None), duties.c.end_at > since),
        )
    )
    found: dict[str, list[Held]] = {}
    for row in conn.execute(query):
        span = Held(row.unit_id, row.member, row.start_at, row.end_at)
        found.setdefault(row.device_id, []).append(span)
    return found


def crews(conn: Connection, since: datetime, until: datetime) -> list[Crew]:
    """Shifts that touch ``[since, until]`` with the members they name."""
    query = (
        select(duties.c.unit_id, duties.c.start_at, duties.c.end_at, shift_members.c.name)
        .join(shift_members, _same_shift(shift_members), isouter=True)
        .where(duties.c.start_at <= until, or_(duties.c.end_at.is_(None), duties.c.end_at > since))
        .order_by(duties.c.start_at, duties.c.id, shift_members.c.name)
    )
    found: dict[tuple[str, datetime, datetime | None], dict[str, None]] = {}
    for row in conn.execute(query):
        names = found.setdefault((row.unit_id, row.start_at, row.end_at), {})
        if row.name is not None:
            names[row.name] = None
    return [Crew(unit, tuple(names), start, end) for (unit, start, end), names in found.items()]


def crew_of(
    conn: Connection, unit_id: str, start: datetime
) -> tuple[set[str], dict[str, str | None]]:
    """Members and devices that a shift names, each device with who is to carry it."""
    people = select(shift_members.c.name).where(
        shift_members.c.unit_id == unit_id, shift_members.c.start_at == start
    )
    things = select(shift_devices.c.device_id, shift_devices.c.member).where(
        shift_devices.c.unit_id == unit_id, shift_devices.c.start_at == start
    )
    return set(conn.execute(people).scalars()), {
        r.device_id: r.member for r in conn.execute(things)
    }


def put_crew(
    conn: Connection,
    unit_id: str,
    start: datetime,
    members: Collection[str],
    carried: dict[str, str | None],
) -> None:
    """In place of what the shift named before."""
    key = {"unit_id": unit_id, "start_at": start}
    for table in (shift_members, shift_devices):
        conn.execute(delete(table).where(table.c.unit_id == unit_id, table.c.start_at == start))
    if members:
        conn.execute(insert(shift_members), [key | {"name": name} for name in members])
    if carried:
        lines = [key | {"device_id": d, "member": m} for d, m in sorted(carried.items())]
        conn.execute(insert(shift_devices), lines)


def forget_before(conn: Connection, before: datetime) -> int:
    """Holds that ended before tracks are kept: nothing is left to say whose they were."""
    return conn.execute(delete(device_holds).where(device_holds.c.ended_at < before)).rowcount


def _same_shift(table: Any) -> Any:
    return and_(table.c.unit_id == duties.c.unit_id, table.c.start_at == duties.c.start_at)


def _note_member(conn: Connection, device_id: str, member: str | None) -> None:
    kind = postgresql if conn.dialect.name == "postgresql" else sqlite
    statement = kind.insert(device_links).values(device_id=device_id, member=member)
    conn.execute(
        statement.on_conflict_do_update(index_elements=["device_id"], set_={"member": member})
    )
