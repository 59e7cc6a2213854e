"""Units, who is on duty, their devices and where they were last."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from server.domain.case import Status
from server.domain.geo import Place
from server.domain.unit import LivePosition, Traits, Unit
from server.store.aftercare_tables import duty_breaks
from server.store.dispatch_tables import unit_traits
from server.store.last_scenes import last_scenes
from server.store.tables import (
    assignments,
    cases,
    device_states,
    devices,
    duties,
    members,
    reports,
    units,
)

UnitRow = Row[*tuple[Any, ...]]
Values = dict[str, object]
HARDLY_OLDER = timedelta(minutes=1)


def add(conn: Connection, values: Values) -> None:
    conn.execute(insert(units).values(**values))


def find(conn: Connection, unit_id: str) -> UnitRow | None:
    return conn.execute(select(units).where(units.c.id == unit_id)).one_or_none()


def every(conn: Connection) -> list[UnitRow]:
    return list(conn.execute(select(units).order_by(units.c.id)))


def add_member(conn: Connection, unit_id: str, name: str) -> None:
    conn.execute(insert(members).values(unit_id=unit_id, name=name))


def members_of(conn: Connection, unit_id: str) -> list[str]:
    query = select(members.c.name).where(members.c.unit_id == unit_id).order_by(members.c.name)
    return list(conn.execute(query).scalars())


def add_duty(conn: Connection, unit_id: str, *, start: datetime, end: datetime | None) -> None:
    conn.execute(insert(duties).values(unit_id=unit_id, start_at=start, end_at=end))


def end_duty(conn: Connection, unit_id: str, *, at: datetime) -> None:
    running = or_(duties.c.end_at.is_(None), duties.c.end_at > at)
    conn.execute(update(duties).where(duties.c.unit_id == unit_id, running).values(end_at=at))


def on_duty(conn: Connection, now: datetime) -> set[str]:
    """Units whose shift runs and who are not on a break."""
    query = select(duties.c.unit_id).where(
        duties.c.start_at <= now, or_(duties.c.end_at.is_(None), duties.c.end_at > now)
    )
    resting = select(duty_breaks.c.unit_id).where(
        duty_breaks.c.start_at <= now, duty_breaks.c.end_at > now
    )
    return set(conn.execute(query).scalars()) - set(conn.execute(resting).scalars())


def running_cases(conn: Connection) -> dict[str, UnitRow]:
    """The open case each unit has now: rows with case_id, unit_id, status."""
    query = (
        select(assignments.c.unit_id, assignments.c.case_id, cases.c.status)
        .join(cases, cases.c.id == assignments.c.case_id)
        .where(assignments.c.ended_at.is_(None), cases.c.status != Status.CLOSED)
    )
    return {row.unit_id: row for row in conn.execute(query)}


def served_since(conn: Connection, since: datetime) -> dict[str, int]:
    query = (
        select(assignments.c.unit_id, func.count().label("n"))
        .where(assignments.c.at >= since)
        .group_by(assignments.c.unit_id)
    )
    return {row.unit_id: row.n for row in conn.execute(query)}


def live(conn: Connection) -> dict[str, list[UnitRow]]:
    """Live state of every device that is bound to a unit and not revoked, by unit."""
    query = (
        select(device_states, devices.c.unit_id, devices.c.kind, devices.c.id.label("device"))
        .select_from(devices)
        .join(device_states, device_states.c.device_id == devices.c.id, isouter=True)
        .where(devices.c.unit_id.is_not(None), devices.c.revoked_at.is_(None))
        .order_by(devices.c.id)
    )
    found: dict[str, list[UnitRow]] = {}
    for row in conn.execute(query):
        found.setdefault(row.unit_id, []).append(row)
    return found


def newest_fix(states: Collection[UnitRow]) -> UnitRow | None:
    """The device state whose fix speaks for the unit: the newest, or a surer one hardly older."""
    fixed = [state for state in states if state.fix_time is not None]
    newest = max(fixed, key=lambda s: s.fix_time, default=None)
    if newest is None or not newest.doubt:
        return newest
    sure = [s for s in fixed if not s.doubt and newest.fix_time - s.fix_time <= HARDLY_OLDER]
    return max(sure, key=lambda s: s.fix_time, default=newest)


def for_ranking(conn: Connection, now: datetime, *, stay: bool = False) -> list[Unit]:
    """All units as the ranking rule wants them; with ``stay`` one that closed a case in this duty
    is taken to be there, not at its post, while it has no fix."""
    scenes = last_scenes(conn, now) if stay else {}
    duty, busy = on_duty(conn, now), running_cases(conn)
    served, states = served_since(conn, now - timedelta(hours=24)), live(conn)
    known, sizes = traits(conn), member_counts(conn)
    return [
        Unit(
            id=row.id,
            name=row.name,
            point=row.point,
            point_place=scenes.get(row.id) or Place(row.lat, row.lon),
            stays=row.id in scenes,
            on_duty=row.id in duty,
            open_cases=int(row.id in busy),
            served_24h=served.get(row.id, 0),
            speed_kmh=row.speed_kmh,
            position=_position(newest_fix(states.get(row.id, []))),
            members=sizes.get(row.id, 0),
            traits=known.get(row.id, Traits()),
        )
        for row in every(conn)
    ]


def traits(conn: Connection) -> dict[str, Traits]:
    return {
        row.unit_id: Traits(frozenset(row.skills), frozenset(row.areas), row.veteran)
        for row in conn.execute(select(unit_traits))
    }


def put_traits(conn: Connection, unit_id: str, told: Traits) -> None:
    """Set what is known of a unit, in place of what was."""
    conn.execute(delete(unit_traits).where(unit_traits.c.unit_id == unit_id))
    conn.execute(
        insert(unit_traits).values(
            unit_id=unit_id,
            skills=sorted(told.skills),
            areas=sorted(told.areas),
            veteran=told.veteran,
        )
    )


def member_counts(conn: Connection) -> dict[str, int]:
    query = select(members.c.unit_id, func.count().label("n")).group_by(members.c.unit_id)
    return {row.unit_id: row.n for row in conn.execute(query)}


def familiar_with(conn: Connection, case_id: str, *, since: datetime) -> frozenset[str]:
    """Units that closed a case of one of this case's callers since then."""
    callers = select(reports.c.phone_key).where(
        reports.c.case_id == case_id, reports.c.phone_key.is_not(None)
    )
    query = (
        select(assignments.c.unit_id)
        .join(reports, reports.c.case_id == assignments.c.case_id)
        .where(
            reports.c.phone_key.in_(callers),
            assignments.c.case_id != case_id,
            assignments.c.ended_why == "closed",
            assignments.c.at >= since,
        )
        .distinct()
    )
    return frozenset(conn.execute(query).scalars())


def _position(state: UnitRow | None) -> LivePosition | None:
    if state is None:
        return None
    return LivePosition(
        place=Place(state.lat, state.lon),
        fix_time=state.fix_time,
        accuracy_m=state.accuracy_m,
        doubt=tuple(state.doubt or ()),
    )


# -- devices -------------------------------------------------------------------------------


def add_device(conn: Connection, values: Values) -> None:
    conn.execute(insert(devices).values(**values))


def find_device(conn: Connection, device_id: str) -> UnitRow | None:
    return conn.execute(select(devices).where(devices.c.id == device_id)).one_or_none()


def every_device(conn: Connection) -> list[UnitRow]:
    return list(conn.execute(select(devices).order_by(devices.c.id)))


def revoke_device(conn: Connection, device_id: str, *, at: datetime) -> bool:
    result = conn.execute(
        update(devices)
        .where(devices.c.id == device_id, devices.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return result.rowcount == 1


def device_units(conn: Connection) -> dict[str, str | None]:
    """Unit of every known device that is not revoked."""
    query = select(devices.c.id, devices.c.unit_id).where(devices.c.revoked_at.is_(None))
    return {row.id: row.unit_id for row in conn.execute(query)}
