"""Telemetry: stored once per (device, boot, seq); live state moves forward in time only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from server.domain import live
from server.domain.evidence import Fix
from server.domain.geo import Place
from server.domain.recording import CameraState
from server.store.edge_tables import device_holds
from server.store.tables import dead_letters, device_states, telemetry

Values = dict[str, object]
Key = tuple[str, str, int]
MAX_FIXES = 2000


def add_new(conn: Connection, rows: Sequence[Values]) -> set[Key]:
    """Insert what is not there yet; the keys of the rows that were new."""
    if not rows:
        return set()
    kind = postgresql if conn.dialect.name == "postgresql" else sqlite
    statement = (
        kind.insert(telemetry)
        .on_conflict_do_nothing(index_elements=["device_id", "boot", "seq"])
        .returning(telemetry.c.device_id, telemetry.c.boot, telemetry.c.seq)
    )
    return {(row.device_id, row.boot, row.seq) for row in conn.execute(statement, list(rows))}


def ensure_states(conn: Connection, device_ids: Collection[str]) -> None:
    """A row of live state for every device, so that moving it is a plain update."""
    if not device_ids:
        return
    kind = postgresql if conn.dialect.name == "postgresql" else sqlite
    statement = kind.insert(device_states).on_conflict_do_nothing()
    conn.execute(statement, [{"device_id": device_id} for device_id in sorted(device_ids)])


def move_positions(conn: Connection, rows: Sequence[Values]) -> None:
    """Rows of device_id and the columns below; a row older than what is kept changes nothing."""
    _forward(
        conn, "fix_time", rows, ("fix_time", "lat", "lon", "accuracy_m", "heading_deg", "doubt")
    )


def move_status(conn: Connection, rows: Sequence[Values]) -> None:
    _forward(conn, "status_at", rows, ("status_at", "battery_pct"))


def move_presence(conn: Connection, rows: Sequence[Values]) -> None:
    _forward(conn, "presence_at", rows, ("presence_at", "presence"))


def move_alarm(conn: Connection, rows: Sequence[Values]) -> None:
    _forward(conn, "alarm_at", rows, ("alarm_at", "alarm"))


def states(conn: Connection, device_ids: Collection[str]) -> dict[str, Values]:
    query = select(device_states).where(device_states.c.device_id.in_(device_ids))
    return {row.device_id: dict(row._mapping) for row in conn.execute(query)}


def fixes_of_unit(conn: Connection, unit_id: str, *, since: datetime, until: datetime) -> list[Fix]:
    """Fixes of the devices a unit had then, oldest first, at most the newest ``MAX_FIXES``.

    A device that was handed to another unit brings no fixes of the time before along.
    """
    query = _of_unit(unit_id, "position", since, until).where(telemetry.c.lat.is_not(None))
    return [_fix(row) for row in conn.execute(query)][::-1]


def recordings_of_unit(
    conn: Connection, unit_id: str, *, since: datetime, until: datetime
) -> list[CameraState]:
    """What a unit's devices said of recording in a span, oldest first, the newest thousands."""
    rows = conn.execute(_of_unit(unit_id, "status", since, until))
    found = [
        CameraState(row.device_id, row.proof_at or row.at, bool(row.body["recording"]))
        for row in rows
        if row.body.get("recording") is not None and _timely(row)
    ]
    return found[::-1]


def _of_unit(unit_id: str, kind: str, since: datetime, until: datetime) -> Select[tuple[Any, ...]]:
    """Messages of a kind by true time where that is known, else by their own; newest first."""
    true_at = func.coalesce(telemetry.c.proof_at, telemetry.c.at)
    own = and_(telemetry.c.proof_at.is_(None), telemetry.c.at.between(since, until))
    return (
        select(telemetry)
        .join(device_holds, device_holds.c.device_id == telemetry.c.device_id)
        .where(
            device_holds.c.unit_id == unit_id,
            or_(device_holds.c.begun_at.is_(None), device_holds.c.begun_at <= true_at),
            or_(device_holds.c.ended_at.is_(None), device_holds.c.ended_at > true_at),
            telemetry.c.kind == kind,
            or_(own, telemetry.c.proof_at.between(since, until)),
        )
        .order_by(true_at.desc())
        .limit(MAX_FIXES)
    )


def _fix(row: Row[Any]) -> Fix:
    corrected = row.proof_at is not None
    doubt = live.without_clock(tuple(row.doubt)) if corrected else row.doubt
    return Fix(
        at=row.proof_at or row.at,
        place=Place(row.lat, row.lon),
        accuracy_m=row.accuracy_m,
        doubted=not live.proves(doubt),
    )


def _timely(row: Row[Any]) -> bool:
    """A state of a device whose clock is off says nothing about when, unless corrected."""
    return row.proof_at is not None or live.proves(row.doubt)


def add_dead_letters(conn: Connection, rows: Sequence[Values]) -> None:
    if rows:
        conn.execute(insert(dead_letters), list(rows))


def forget_before(conn: Connection, *, tracks: datetime, letters: datetime) -> int:
    """Delete what retention no longer allows; how many rows went."""
    old_tracks = conn.execute(delete(telemetry).where(telemetry.c.at < tracks))
    old_letters = conn.execute(delete(dead_letters).where(dead_letters.c.at < letters))
    return old_tracks.rowcount + old_letters.rowcount


def last_stored(conn: Connection) -> datetime | None:
    """When telemetry last came in: what the broker link is judged by."""
    query = select(telemetry.c.stored_at).order_by(telemetry.c.id.desc()).limit(1)
    return conn.execute(query).scalar_one_or_none()


def _forward(conn: Connection, clock: str, rows: Sequence[Values], columns: Sequence[str]) -> None:
    """Update only where the row is newer than what is kept."""
    if not rows:
        return
    when = device_states.c[clock]
    statement = (
        update(device_states)
        .where(
            and_(
                device_states.c.device_id == bindparam("b_device_id"),
                or_(when.is_(None), when < bindparam(f"b_{clock}", type_=when.type)),
            )
        )
        .values({c: bindparam(f"b_{c}", type_=device_states.c[c].type) for c in columns})
    )
    conn.execute(
        statement,
        [{f"b_{key}": row[key] for key in ("device_id", *columns)} for row in rows],
    )
