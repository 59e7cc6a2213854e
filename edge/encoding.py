"""Messages become JSON objects: flat for the server, the contract's own shape for a broker."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any

from edge.telemetry import VERSION, Envelope, Fix, Frame, Message, Position

Json = dict[str, object]

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_NESTED = frozenset({"origin", "kind", "fix", "quality"})


def encode_envelope(envelope: Envelope) -> Json:
    """The object of ``POST /api/v1/telemetry`` for one message; fields that are None are left out.

    A position without a fix says so by ``lat`` and ``lon`` null.
    """
    message = envelope.message
    ahead = envelope.clock_ahead_s
    skew: Json = {} if ahead is None else {"clock_ahead_s": round(ahead, 1)}
    return skew | {
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
    return _COMPACT.encode(value)


def stamp(when: datetime) -> str:
    """ISO 8601 with an offset, to the millisecond."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _body(message: Message) -> Json:
    out = _plain(message)
    if isinstance(message, Frame):
        out["quality"] = _plain(message.quality)
    if isinstance(message, Position) and message.fix is None:
        return out | {"lat": None, "lon": None}
    fix = getattr(message, "fix", None)
    return out | _fix(fix) if isinstance(fix, Fix) else out


def _fix(fix: Fix) -> Json:
    return {"crs": "WGS-84", **_plain(fix)}


def _plain(value: Any) -> Json:
    out: Json = {}
    for name in _names(value.__class__):
        found = getattr(value, name)
        if found is not None:
            out[name] = stamp(found) if type(found) is datetime else found
    return out


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a message that are values of their own."""
    return tuple(field.name for field in fields(kind) if field.name not in _NESTED)
