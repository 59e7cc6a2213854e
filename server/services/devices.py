"""Devices as things: who carries them, how long they last, how a new one is told its login."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.credentials import broker_hash, new_secret
from server.domain.custody import CARRIED, NOBODY, Carrier, Hands
from server.domain.errors import Invalid, Missing
from server.domain.events import NewEvent
from server.domain.forecast import Sample, hours_left, since_charge
from server.domain.roles import Actor
from server.office import Office
from server.services import carrying
from server.services.roster import Credentials
from server.store import custody, device_rows, edge_state, events, units
from server.store.device_rows import DeviceRow
from server.store.engine import reading, writing

LOOK_BACK = timedelta(hours=6)
BATTERY_EMPTY_PCT = 10.0
STORAGE_FULL_MB = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """``battery_h`` and ``storage_h`` are hours until it has to be charged or emptied.

    ``member`` carries it now, by a hand-over or the roster; ``bound`` (domain.custody.Bound) says
    whether that is a member on duty; empty for what nobody carries, as a camera on a wall.
    """

    id: str
    kind: str
    unit_id: str | None
    unit_name: str | None
    member: str | None
    bound: str | None
    gateway: str | None
    presence: str | None
    heard_at: datetime | None
    fix_time: datetime | None
    doubt: tuple[str, ...]
    battery_pct: float | None
    battery_h: float | None
    storage_free_mb: float | None
    storage_h: float | None
    skew_s: int | None
    alarms: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


def views(office: Office, *, unit_id: str | None = None) -> list[DeviceView]:
    """All devices with their forecasts, those in use first."""
    now = office.clock()
    with reading(office.engine) as conn:
        rows = device_rows.every(conn, unit_id=unit_id)
        used = [row.id for row in rows if row.revoked_at is None]
        told = device_rows.statuses(conn, used, since=now - LOOK_BACK)
        alarms = edge_state.standing_of(conn, used)
        with_whom = carrying.carriers_now(conn, used, now)
    return [
        _view(row, told.get(row.id, []), alarms.get(row.id, []), with_whom.get(row.id, NOBODY))
        for row in rows
    ]


def bind(
    office: Office,
    device_id: str,
    *,
    unit_id: str | None,
    member: str | None,
    gateway: str | None,
    actor: Actor,
) -> None:
    """Who carries a device, in which unit, and through which other device it speaks.

    Raises Missing for a device, unit or gateway that is not there, Invalid for itself as gateway.
    """
    if gateway == device_id:
        raise Invalid("gateway", "cannot be the device itself")
    now = office.clock()
    with writing(office.engine) as conn:
        if unit_id is not None and units.find(conn, unit_id) is None:
            raise Missing("unit", unit_id)
        if gateway is not None and units.find_device(conn, gateway) is None:
            raise Missing("device", gateway)
        to = Hands(unit_id, member)
        if custody.hand(conn, device_id, to, at=now, by=actor.name) is None:
            raise Missing("device", device_id)
        edge_state.bind(conn, device_id, {"gateway": gateway})
        body = {"device": device_id}
        events.tell(conn, [NewEvent("device_bound", now, actor.name, unit_id=unit_id, body=body)])


def renew(office: Office, device_id: str, *, actor: Actor) -> Credentials:
    """A new password; the old one ends at once, like a revoked account."""
    secret, now = new_secret(), office.clock()
    with writing(office.engine) as conn:
        if not device_rows.renew(conn, device_id, broker_hash(secret)):
            raise Missing("device", device_id)
        body = {"device": device_id}
        events.tell(conn, [NewEvent("device_renewed", now, actor.name, body=body)])
    return Credentials(device_id, secret)


def slip(made: Credentials, *, broker: str) -> str:
    """What the QR code of a new device holds: JSON that an app or a person can read."""
    return json.dumps(
        {
            "v": 1,
            "broker": broker,
            "device": made.username,
            "username": made.username,
            "password": made.password,
            "topics": f"xn/v1/{made.username}/",
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _view(
    row: DeviceRow, told: Sequence[DeviceRow], alarms: Sequence[str], with_whom: Carrier
) -> DeviceView:
    known = [item for item in told if "battery_pct" in item.body]
    charging = [bool(item.body.get("charging")) for item in known]
    battery = since_charge(_samples(known, "battery_pct"), charging)
    storage = _samples(told, "storage_free_mb")
    return DeviceView(
        id=row.id,
        kind=row.kind,
        unit_id=row.unit_id,
        unit_name=row.unit_name,
        member=with_whom.member,
        bound=with_whom.bound.value if row.kind in CARRIED and row.revoked_at is None else None,
        gateway=row.gateway,
        presence=row.noticed,
        heard_at=row.heard_at,
        fix_time=row.fix_time,
        doubt=tuple(row.doubt or ()),
        battery_pct=row.battery_pct,
        battery_h=hours_left(battery, until=BATTERY_EMPTY_PCT),
        storage_free_mb=storage[-1].value if storage else None,
        storage_h=hours_left(storage, until=STORAGE_FULL_MB),
        skew_s=row.skew_s,
        alarms=tuple(sorted(alarms)),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )


def _samples(told: Sequence[DeviceRow], name: str) -> list[Sample]:
    return [Sample(item.at, float(item.body[name])) for item in told if name in item.body]
