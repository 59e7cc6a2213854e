"""Messages become JSON objects: flat for the server, the contract's own shape for a broker."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import datetime

from edge.telemetry import VERSION, Envelope, Fix, Frame, Message, Position

Json = dict[str, object]


def encode_envelope(envelope: Envelope) -> Json:
    """The object of ``POST /api/v1/telemetry`` for one message; fields that are None are left out.

    A position without a fix says so by ``lat`` and ``lon`` null.
    """
    message = envelope.message
    return {
        "device_id": message.origin.device_id,
        "kind": message.kind,
        **encode(message),
        "received_at": stamp(envelope.received_at),
        "doubt": list(envelope.doubt),
        "protocol": envelope.protocol,
    }


def encode(message: Message) -> Json:
    """The payload of ``xn/v1/<device_id>/<kind>``; positions in WGS-84."""
    origin = message.origin
    out: Json = {
        "v": VERSION,
        "boot": origin.boot,
        "seq": origin.seq,
        "sent_at": stamp(origin.sent_at),
    }
    if origin.lowest_held is not None:
        out["lowest_held"] = origin.lowest_held
    return out | _body(message)


def dumps(value: object) -> str:
    """Compact JSON, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def stamp(when: datetime) -> str:
    """ISO 8601 with an offset, to the millisecond."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _body(message: Message) -> Json:
    out = _plain(message, leave_out=("origin", "kind", "fix"))
    if isinstance(message, Frame):
        out["quality"] = _plain(message.quality)
    if isinstance(message, Position) and message.fix is None:
        return out | {"lat": None, "lon": None}
    fix = getattr(message, "fix", None)
    return out | _fix(fix) if isinstance(fix, Fix) else out


def _fix(fix: Fix) -> Json:
    return {"crs": "WGS-84", **_plain(fix)}


def _plain(value: object, leave_out: tuple[str, ...] = ()) -> Json:
    assert is_dataclass(value)
    out: Json = {}
    for field in fields(value):
        found = getattr(value, field.name)
        if found is None or field.name in leave_out or is_dataclass(found):
            continue
        out[field.name] = stamp(found) if isinstance(found, datetime) else found
    return out
