"""Raw messages and dead letters put back through the path, from a file of JSON Lines.

A line is ``{"topic", "payload"}`` (a JSON value, or text as it was), ``{"topic", "raw_base64"}``
as ``xiaonao-edge outbox --dead`` prints it, or with an empty topic a message that the server
refused. ``at`` tells when it was received; without it, now.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from edge.decoding import decode_envelope
from edge.encoding import dumps
from edge.errors import Unreadable
from edge.fields import FieldError, instant
from edge.outbox import Outbox
from edge.outbox_rows import DeadLetter
from edge.protocols.reading import parse_json
from edge.quality import Limits
from edge.reception import Arrival, Tracks, receive
from edge.telemetry import Envelope

GROUP = 500


@dataclass(slots=True)
class Replayed:
    """``faults`` pairs a line number with why the line was not taken."""

    stored: int = 0
    repeated: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def to_line(letter: DeadLetter) -> str:
    """A dead letter as a line that ``replay`` reads."""
    return dumps(
        {
            "at": letter.at.isoformat(),
            "stage": letter.stage,
            "topic": letter.topic,
            "reason": letter.reason,
            "raw_base64": base64.b64encode(letter.raw).decode(),
        }
    )


def replay(
    lines: Iterable[str], outbox: Outbox, *, now: datetime, limits: Limits, max_payload_bytes: int
) -> Replayed:
    """Stores every line that can be read; names the others. Raises StorageFailed."""
    out = Replayed()
    tracks = Tracks()
    group: list[Envelope] = []
    for number, arrival in _arrivals(lines, now, out):
        try:
            group += _read(arrival, tracks, limits, max_payload_bytes)
        except Unreadable as error:
            out.faults.append((number, str(error)))
        if len(group) >= GROUP:
            _store(group, outbox, now, out)
    _store(group, outbox, now, out)
    return out


def _store(group: list[Envelope], outbox: Outbox, now: datetime, out: Replayed) -> None:
    if group:
        put = outbox.put(group, (), now=now)
        out.stored += put.stored
        out.repeated += put.repeated
        group.clear()


def _read(
    arrival: Arrival, tracks: Tracks, limits: Limits, max_payload_bytes: int
) -> list[Envelope]:
    if not arrival.topic:
        raw = parse_json(arrival.payload)
        return [decode_envelope(raw, received_at=arrival.received_at)]
    received = receive(
        [arrival], tracks=tracks.view(), limits=limits, max_payload_bytes=max_payload_bytes
    )
    if received.dead:
        raise Unreadable.because("message", f"is still unreadable: {received.dead[0].reason}")
    tracks.keep(received.tracks)
    return received.envelopes


def _arrivals(lines: Iterable[str], now: datetime, out: Replayed) -> Iterator[tuple[int, Arrival]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, _arrival(json.loads(line), now)
        except (ValueError, RecursionError) as error:
            why = str(error) if isinstance(error, FieldError) else "is not a line of JSON"
            out.faults.append((number, why))


def _arrival(raw: object, now: datetime) -> Arrival:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("topic"), str):
        raise FieldError("needs topic, and payload or raw_base64")
    at = instant(raw["at"]) if "at" in raw else now
    return Arrival(raw["topic"], _payload(raw), at)


def _payload(raw: Mapping[str, object]) -> bytes:
    encoded = raw.get("raw_base64")
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise FieldError("raw_base64 is not base64") from None
    if "payload" not in raw:
        raise FieldError("needs payload or raw_base64")
    payload = raw["payload"]
    return payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
