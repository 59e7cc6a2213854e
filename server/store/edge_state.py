"""Agents, links and standing alarms of devices: each moves forward in time only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from server.domain.presence import Rule
from server.domain.views import TimelineEvent
from server.store.edge_tables import device_links, edge_agents, standing_alarms
from server.store.events import timeline_event
from server.store.tables import device_states, devices, events

Values = dict[str, object]
StateRow = Row[*tuple[Any, ...]]


def _insert(conn: Connection) -> Any:
    return postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert


# -- agents --------------------------------------------------------------------------------


def note_agent(conn: Connection, values: Values) -> None:
    statement = _insert(conn)(edge_agents).values(**values)
    changed = {key: statement.excluded[key] for key in values if key != "name"}
    conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed))


def agents(conn: Connection) -> list[StateRow]:
    """Newest word first."""
    return list(conn.execute(select(edge_agents).order_by(edge_agents.c.told_at.desc())))


# -- links ---------------------------------------------------------------------------------


def note_heard(conn: Connection, rows: Sequence[Values]) -> None:
    """Rows of device_id, heard_at, offline_at (either may be None); the newer one stays."""
    if not rows:
        return
    statement = _insert(conn)(device_links)
    newer = {
        name: case(
            (
                or_(
                    device_links.c[name].is_(None),
                    statement.excluded[name] > device_links.c[name],
                ),
                func.coalesce(statement.excluded[name], device_links.c[name]),
            ),
            else_=device_links.c[name],
        )
        for name in ("heard_at", "offline_at")
    }
    ordered = sorted(rows, key=lambda row: str(row["device_id"]))
    conn.execute(statement.on_conflict_do_update(index_elements=["device_id"], set_=newer), ordered)


def changed_links(conn: Connection, rule: Rule, now: datetime) -> list[StateRow]:
    """Links whose noticed state may have to change, with their unit."""
    links = device_links
    silent = links.c.heard_at <= now - rule.silent
    left = and_(
        links.c.offline_at.is_not(None),
        or_(links.c.heard_at.is_(None), links.c.offline_at >= links.c.heard_at),
        links.c.offline_at <= now - rule.grace,
    )
    back = and_(
        links.c.heard_at > now - rule.silent,
        or_(links.c.offline_at.is_(None), links.c.heard_at > links.c.offline_at),
    )
    there = links.c.noticed == "online"
    behind = links.c.noticed == "behind"
    away = or_(links.c.noticed.is_(None), links.c.noticed != "online")
    query = (
        select(links, devices.c.unit_id)
        .join(devices, devices.c.id == links.c.device_id, isouter=True)
        .where(or_(and_(there, or_(silent, left)), and_(away, back), behind))
        .order_by(links.c.device_id)
    )
    return list(conn.execute(query))


def notice(
    conn: Connection, device_id: str, *, state: str, before: str | None, at: datetime
) -> bool:
    """Compare-and-swap, so that any number of sweeps tell an outage once."""
    unchanged = (
        device_links.c.noticed.is_(None) if before is None else device_links.c.noticed == before
    )
    done = conn.execute(
        update(device_links)
        .where(device_links.c.device_id == device_id, unchanged)
        .values(noticed=state, noticed_at=at)
    )
    if done.rowcount == 1:
        conn.execute(
            update(device_states)
            .where(device_states.c.device_id == device_id)
            .values(presence="online" if state == "online" else "offline", presence_at=at)
        )
    return done.rowcount == 1


def noticed_of(conn: Connection, device_id: str | None) -> tuple[str | None, datetime | None]:
    """What was noticed of a device, and since when."""
    if device_id is None:
        return None, None
    query = select(device_links.c.noticed, device_links.c.noticed_at).where(
        device_links.c.device_id == device_id
    )
    row = conn.execute(query).one_or_none()
    return (None, None) if row is None else (row.noticed, row.noticed_at)


def bind(conn: Connection, device_id: str, values: Values) -> None:
    """Who carries it, through what it speaks."""
    statement = _insert(conn)(device_links).values(device_id=device_id, **values)
    conn.execute(statement.on_conflict_do_update(index_elements=["device_id"], set_=values))


def note_skews(conn: Connection, skews: dict[str, int]) -> None:
    if skews:
        statement = (
            update(device_links)
            .where(device_links.c.device_id == bindparam("b_device"))
            .values(skew_s=bindparam("b_skew"))
        )
        conn.execute(statement, [{"b_device": d, "b_skew": s} for d, s in sorted(skews.items())])


# -- alarms --------------------------------------------------------------------------------


def move_alarms(conn: Connection, rows: Sequence[Values]) -> None:
    """Rows of device_id, alarm, active, changed_at, event_id; an older one changes nothing."""
    if not rows:
        return
    statement = _insert(conn)(standing_alarms)
    names = ("active", "changed_at", "event_id")
    conn.execute(
        statement.on_conflict_do_update(
            index_elements=["device_id", "alarm"],
            set_={name: statement.excluded[name] for name in names},
            where=statement.excluded.changed_at >= standing_alarms.c.changed_at,
        ),
        list(rows),
    )


def standing(conn: Connection, alarm: str) -> list[TimelineEvent]:
    """The events that raised what still stands, newest first."""
    query = (
        select(events)
        .join(standing_alarms, standing_alarms.c.event_id == events.c.id)
        .where(standing_alarms.c.active, standing_alarms.c.alarm == alarm)
        .order_by(events.c.id.desc())
    )
    return [timeline_event(row) for row in conn.execute(query)]


def end_alarm(conn: Connection, device_id: str, alarm: str, *, at: datetime) -> bool:
    """A person ends it; False when it does not stand."""
    done = conn.execute(
        update(standing_alarms)
        .where(
            standing_alarms.c.device_id == device_id,
            standing_alarms.c.alarm == alarm,
            standing_alarms.c.active,
        )
        .values(active=False, changed_at=at)
    )
    conn.execute(
        update(device_states)
        .where(device_states.c.device_id == device_id, device_states.c.alarm == alarm)
        .values(alarm=None, alarm_at=at)
    )
    return done.rowcount == 1


def standing_of(conn: Connection, device_ids: Collection[str]) -> dict[str, list[str]]:
    query = select(standing_alarms.c.device_id, standing_alarms.c.alarm).where(
        standing_alarms.c.active, standing_alarms.c.device_id.in_(device_ids)
    )
    found: dict[str, list[str]] = {}
    for row in conn.execute(query):
        found.setdefault(row.device_id, []).append(row.alarm)
    return found
