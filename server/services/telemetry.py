"""A batch from an edge agent: stored once, live state forward, events for what people must see."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.decoding import decode_envelope
from edge.encoding import encode
from edge.errors import Unreadable
from edge.telemetry import Alarm, Receipt, fix_of
from server.domain import live
from server.domain.events import NewEvent
from server.domain.views import Json
from server.office import Office
from server.services import confirming
from server.services.confirming import Confirmed, Number
from server.services.live_rows import (
    Item,
    alarm_of,
    heard,
    newest,
    numbers_of,
    positions,
    presences,
    runs_of,
    standing,
    statuses,
)
from server.services.live_rows import (
    alarms as alarm_rows,
)
from server.store import down_calls, edge_state, events, telemetry, units
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
    confirmed: tuple[Confirmed, ...] = ()
    """How far the runs of this batch are stored, for agents that share the load."""


def store(
    office: Office,
    messages: Sequence[object],
    *,
    shared: bool = False,
    voids: Sequence[Number] = (),
) -> Stored:
    """Store a batch in one transaction; idempotent on (device_id, boot, seq).

    ``shared``: other agents take messages of the same runs, so that only the store can say how
    far each is whole; ``voids`` are numbers of dead letters, which will not come.
    """
    now = office.clock()
    items, rejected = _decode(messages, now)
    unique = {item.key: item for item in items}
    confirmed: tuple[Confirmed, ...] = ()
    with writing(office.engine) as conn:
        in_order = [unique[key] for key in sorted(unique)]  # batches that overlap must not cross
        new = telemetry.add_new(conn, [_row(item, now) for item in in_order])
        fresh = [unique[key] for key in unique if key in new]
        told, alarms = _follow(conn, fresh, now)
        telemetry.add_dead_letters(conn, [_letter(messages[r.index], r, now) for r in rejected])
        if shared:
            gone = [*voids, *numbers_of(messages[r.index] for r in rejected)]
            confirmed = confirming.confirm(conn, office, runs_of(items), gone, now)
        numbers = events.tell(conn, told)
        edge_state.move_alarms(conn, standing(alarms, numbers))
    return Stored(len(fresh), len(items) - len(fresh), tuple(rejected), confirmed)


def _decode(messages: Sequence[object], now: datetime) -> tuple[list[Item], list[Rejected]]:
    items, rejected = [], []
    for index, raw in enumerate(messages):
        try:
            envelope = decode_envelope(raw, received_at=now)
        except Unreadable as error:
            rejected.append(Rejected(index, str(error)))
        else:
            items.append(Item(envelope, live.doubts(envelope, now), live.true_at(envelope)))
    return items, rejected


def _row(item: Item, now: datetime) -> Json:
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
        "proof_at": item.true_at,
        "lat": fix.lat if fix else None,
        "lon": fix.lon if fix else None,
        "accuracy_m": fix.accuracy_m if fix else None,
        "doubt": list(item.doubt),
        "body": {key: value for key, value in body.items() if key not in _ENVELOPE_FIELDS},
    }


def _follow(
    conn: Connection, fresh: Sequence[Item], now: datetime
) -> tuple[list[NewEvent], list[Item]]:
    """Move the live state of the devices; what to tell, the alarms' events first, and those."""
    devices = {item.key[0] for item in fresh}
    telemetry.ensure_states(conn, devices)
    edge_state.note_heard(conn, heard(fresh))
    telemetry.move_positions(conn, newest(positions(fresh), "fix_time"))
    telemetry.move_status(conn, newest(statuses(fresh), "status_at"))
    telemetry.move_presence(conn, newest(presences(fresh), "presence_at"))
    alarms = [item for item in fresh if isinstance(item.envelope.message, Alarm)]
    alarms.sort(key=lambda item: item.envelope.message.origin.sent_at)
    telemetry.move_alarm(conn, newest(alarm_rows(alarms), "alarm_at"))
    told = [e.envelope.message for e in fresh if isinstance(e.envelope.message, Receipt)]
    if not alarms and not told:
        return [], []
    owners = units.device_units(conn)
    events_ = [_alarm_event(alarm_of(item), owners, now) for item in alarms]
    return events_ + _answers(conn, told, now), alarms


def _alarm_event(alarm: Alarm, owners: dict[str, str | None], now: datetime) -> NewEvent:
    device_id = alarm.origin.device_id
    body: Json = {"device": device_id, "alarm": alarm.alarm}
    unit_id = owners.get(device_id)
    return NewEvent(live.alarm_word(alarm), now, f"device:{device_id}", unit_id=unit_id, body=body)


def _answers(conn: Connection, told: Sequence[Receipt], now: datetime) -> list[NewEvent]:
    """A device's answer to a call of ours, once."""
    found = []
    for receipt in told:
        device_id = receipt.origin.device_id
        call = down_calls.answer(
            conn, receipt.down_id, device_id=device_id, outcome=receipt.outcome, at=now
        )
        if call is not None:
            body: Json = {"device": device_id, "outcome": receipt.outcome}
            actor = f"device:{device_id}"
            found.append(
                NewEvent("call_answered", now, actor, call.case_id, unit_id=call.unit_id, body=body)
            )
    return found


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
