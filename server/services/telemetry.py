"""A batch from an edge agent: stored once, live state forward, events for what people must see."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.decoding import decode_envelope
from edge.encoding import encode
from edge.errors import Unreadable
from edge.quality import FUTURE
from edge.telemetry import Alarm, Envelope, Presence, Status, fix_of
from server.domain import live
from server.domain.events import NewEvent
from server.domain.views import Json
from server.office import Office
from server.store import events, telemetry, units
from server.store.engine import writing

MAX_RAW_BYTES = 65_536
_ENVELOPE_FIELDS = frozenset({"v", "boot", "seq", "sent_at", "lowest_held"})


@dataclass(frozen=True, slots=True)
class Rejected:
    """``index`` of the message in its batch and why it was not taken; it is a dead letter now."""

    index: int
    why: str


@dataclass(frozen=True, slots=True)
class Stored:
    accepted: int
    duplicates: int
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    """A readable message with all doubts about it."""

    envelope: Envelope
    doubt: tuple[str, ...]

    @property
    def key(self) -> telemetry.Key:
        origin = self.envelope.message.origin
        return origin.device_id, origin.boot, origin.seq


def store(office: Office, messages: Sequence[object]) -> Stored:
    """Store a batch in one transaction; idempotent on (device_id, boot, seq)."""
    now = office.clock()
    items, rejected = _decode(messages, now)
    unique = {item.key: item for item in items}
    with writing(office.engine) as conn:
        in_order = [unique[key] for key in sorted(unique)]  # batches that overlap must not cross
        new = telemetry.add_new(conn, [_row(item, now) for item in in_order])
        fresh = [unique[key] for key in unique if key in new]
        told = _follow(conn, fresh, now)
        telemetry.add_dead_letters(conn, [_letter(messages[r.index], r, now) for r in rejected])
        events.tell(conn, told)
    return Stored(len(fresh), len(items) - len(fresh), tuple(rejected))


def _decode(messages: Sequence[object], now: datetime) -> tuple[list[_Item], list[Rejected]]:
    items, rejected = [], []
    for index, raw in enumerate(messages):
        try:
            envelope = decode_envelope(raw, received_at=now)
        except Unreadable as error:
            rejected.append(Rejected(index, str(error)))
        else:
            items.append(_Item(envelope, live.doubts(envelope, now)))
    return items, rejected


def _row(item: _Item, now: datetime) -> Json:
    message = item.envelope.message
    fix = fix_of(message)
    body = encode(message)
    return {
        "device_id": message.origin.device_id,
        "boot": message.origin.boot,
        "seq": message.origin.seq,
        "kind": message.kind,
        "at": live.told_at(message),
        "sent_at": message.origin.sent_at,
        "received_at": item.envelope.received_at,
        "stored_at": now,
        "lat": fix.lat if fix else None,
        "lon": fix.lon if fix else None,
        "accuracy_m": fix.accuracy_m if fix else None,
        "doubt": list(item.doubt),
        "body": {key: value for key, value in body.items() if key not in _ENVELOPE_FIELDS},
    }


def _follow(conn: Connection, fresh: Sequence[_Item], now: datetime) -> list[NewEvent]:
    """Move the live state of the devices and tell what changed for people."""
    devices = {item.key[0] for item in fresh}
    telemetry.ensure_states(conn, devices)
    before = telemetry.states(conn, devices)
    telemetry.move_positions(conn, _newest(_positions(fresh), "fix_time"))
    telemetry.move_status(conn, _newest(_statuses(fresh), "status_at"))
    telemetry.move_presence(conn, _newest(_presences(fresh), "presence_at"))
    alarms = [item.envelope.message for item in fresh if isinstance(item.envelope.message, Alarm)]
    telemetry.move_alarm(conn, _newest(_alarms(alarms), "alarm_at"))
    owners = units.device_units(conn)
    told = [_alarm_event(alarm, owners, now) for alarm in alarms]
    return told + _presence_events(before, telemetry.states(conn, devices), owners, now)


def _positions(fresh: Iterable[_Item]) -> list[Json]:
    rows: list[Json] = []
    for item in fresh:
        fix = fix_of(item.envelope.message)
        if fix is None or not live.moves(fix, item.doubt):
            continue
        rows.append(
            {
                "device_id": item.key[0],
                "fix_time": fix.fix_time,
                "lat": fix.lat,
                "lon": fix.lon,
                "accuracy_m": fix.accuracy_m,
                "heading_deg": fix.heading_deg,
                "doubt": list(item.doubt),
            }
        )
    return rows


def _statuses(fresh: Iterable[_Item]) -> list[Json]:
    found = [item.envelope.message for item in fresh if FUTURE not in item.doubt]
    return [
        {
            "device_id": message.origin.device_id,
            "status_at": message.origin.sent_at,
            "battery_pct": message.battery_pct,
        }
        for message in found
        if isinstance(message, Status)
    ]


def _presences(fresh: Iterable[_Item]) -> list[Json]:
    """By arrival: a will was written when the connection began and cannot know its end."""
    return [
        {
            "device_id": item.key[0],
            "presence_at": item.envelope.received_at,
            "presence": item.envelope.message.state,
        }
        for item in fresh
        if isinstance(item.envelope.message, Presence)
    ]


def _alarms(alarms: Iterable[Alarm]) -> list[Json]:
    return [
        {
            "device_id": alarm.origin.device_id,
            "alarm_at": alarm.origin.sent_at,
            "alarm": alarm.alarm if alarm.active else None,
        }
        for alarm in alarms
    ]


def _newest(rows: Sequence[Json], clock: str) -> list[Json]:
    """One row per device: the newest of the batch."""
    latest: dict[object, Json] = {}
    for row in rows:
        kept = latest.get(row["device_id"])
        if kept is None or row[clock] > kept[clock]:  # type: ignore[operator]
            latest[row["device_id"]] = row
    return sorted(latest.values(), key=lambda row: str(row["device_id"]))


def _alarm_event(alarm: Alarm, owners: dict[str, str | None], now: datetime) -> NewEvent:
    device_id = alarm.origin.device_id
    body: Json = {"device": device_id, "alarm": alarm.alarm}
    unit_id = owners.get(device_id)
    return NewEvent(live.alarm_word(alarm), now, f"device:{device_id}", unit_id=unit_id, body=body)


def _presence_events(
    before: dict[str, Json], after: dict[str, Json], owners: dict[str, str | None], now: datetime
) -> list[NewEvent]:
    changed = [
        device
        for device, state in after.items()
        if state["presence"] != before.get(device, {}).get("presence")
    ]
    return [
        NewEvent(
            "presence_changed",
            now,
            f"device:{device}",
            unit_id=owners.get(device),
            body={"device": device, "state": after[device]["presence"]},
        )
        for device in changed
    ]


def _letter(raw: object, rejected: Rejected, now: datetime) -> Json:
    device_id = raw.get("device_id") if isinstance(raw, dict) else None
    named = isinstance(device_id, str) and len(device_id) <= 64 and "\x00" not in device_id
    return {
        "at": now,
        "source": "telemetry",
        "device_id": device_id if named else None,
        "reason": rejected.why,
        "raw": json.dumps(raw, ensure_ascii=True).encode()[:MAX_RAW_BYTES],
    }
