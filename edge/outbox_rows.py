"""Messages and dead letters as rows of the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge import outbox_schema as schema
from edge.encoding import dumps, encode_envelope
from edge.errors import Numbered
from edge.telemetry import Envelope, is_urgent, rank_of

Stage = Literal["broker", "listener", "server"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """What could not be taken: where it failed, why, and the raw bytes."""

    at: datetime
    stage: Stage
    topic: str
    reason: str
    raw: bytes
    numbered: Numbered | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stored message on its way up; ``body`` is its JSON for the server."""

    id: int
    device_id: str
    boot: str
    seq: int
    protocol: str
    lowest_held: int | None
    urgent: int
    body: str


def row_of(envelope: Envelope, stored_at: float) -> schema.Row:
    message = envelope.message
    origin = message.origin
    return (
        origin.device_id,
        origin.boot,
        origin.seq,
        envelope.protocol,
        origin.lowest_held,
        int(is_urgent(message)),
        rank_of(message),
        stored_at,
        dumps(encode_envelope(envelope)),
    )


def letter_of(row: Waiting, why: str, now: datetime) -> DeadLetter:
    return DeadLetter(at=now, stage="server", topic="", reason=why, raw=row.body.encode())


def numbers_of(dead: Sequence[DeadLetter]) -> list[tuple[str, str, int, int | None]]:
    found = (letter.numbered for letter in dead)
    return [(n.device_id, n.boot, n.seq, None) for n in found if n is not None]
