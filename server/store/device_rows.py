"""Devices with everything known of them, for the page that looks after them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from server.store.edge_tables import device_links
from server.store.tables import device_states, devices, telemetry, units

DeviceRow = Row[*tuple[Any, ...]]
MAX_STATUSES = 400


def every(conn: Connection, *, unit_id: str | None = None) -> list[DeviceRow]:
    """All devices, those in use first."""
    query = (
        select(
            devices.c.id,
            devices.c.kind,
            devices.c.unit_id,
            devices.c.created_at,
            devices.c.revoked_at,
            units.c.name.label("unit_name"),
            device_states.c.fix_time,
            device_states.c.doubt,
            device_states.c.battery_pct,
            device_states.c.status_at,
            device_links.c.heard_at,
            device_links.c.noticed,
            device_links.c.gateway,
            device_links.c.member,
            device_links.c.skew_s,
        )
        .join(units, units.c.id == devices.c.unit_id, isouter=True)
        .join(device_states, device_states.c.device_id == devices.c.id, isouter=True)
        .join(device_links, device_links.c.device_id == devices.c.id, isouter=True)
        .order_by(devices.c.revoked_at.is_not(None), devices.c.unit_id, devices.c.id)
    )
    if unit_id:
        query = query.where(devices.c.unit_id == unit_id)
    return list(conn.execute(query))


def statuses(
    conn: Connection, device_ids: Collection[str], *, since: datetime
) -> dict[str, list[DeviceRow]]:
    """Each device's status messages of a span, oldest first, at most the newest 400."""
    found: dict[str, list[DeviceRow]] = {}
    for device_id in device_ids:
        query = (
            select(telemetry.c.at, telemetry.c.body)
            .where(
                telemetry.c.device_id == device_id,
                telemetry.c.kind == "status",
                telemetry.c.at >= since,
            )
            .order_by(telemetry.c.at.desc())
            .limit(MAX_STATUSES)
        )
        found[device_id] = list(conn.execute(query))[::-1]
    return found


def renew(conn: Connection, device_id: str, secret_hash: str) -> bool:
    done = conn.execute(
        update(devices)
        .where(devices.c.id == device_id, devices.c.revoked_at.is_(None))
        .values(secret_hash=secret_hash)
    )
    return done.rowcount == 1
