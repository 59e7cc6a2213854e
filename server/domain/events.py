"""The event log's chain: every event carries the hash of the one before it.

``hash = SHA-256(prev_hash ‖ canonical JSON of the event)``: canonical is UTF-8, sorted keys, no
blanks, instants in UTC to the microsecond. Changing, removing or swapping an event breaks every
hash after it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

GENESIS = "0" * 64

EventBody = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is told; the store gives it a number and a place in the chain."""

    kind: str
    at: datetime
    actor: str
    case_id: str | None = None
    report_id: str | None = None
    unit_id: str | None = None
    body: EventBody = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A told event. ``body`` is plain JSON and holds nothing personal."""

    id: int
    told: NewEvent
    prev_hash: str
    hash: str


def chain(told: NewEvent, *, number: int, prev_hash: str) -> Event:
    """Give the event its number and its hash."""
    return Event(number, told, prev_hash, _digest(told, number, prev_hash))


def broken_at(events: Iterable[Event], *, start_hash: str = GENESIS) -> int | None:
    """Number of the first event that does not fit its place, or None for a whole chain."""
    prev_hash, expected = start_hash, None
    for event in events:
        gap = expected is not None and event.id != expected
        if gap or event.prev_hash != prev_hash:
            return event.id
        if event.hash != _digest(event.told, event.id, prev_hash):
            return event.id
        prev_hash, expected = event.hash, event.id + 1
    return None


def _digest(told: NewEvent, number: int, prev_hash: str) -> str:
    canonical = json.dumps(
        {
            "id": number,
            "kind": told.kind,
            "at": told.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": told.actor,
            "case_id": told.case_id,
            "report_id": told.report_id,
            "unit_id": told.unit_id,
            "body": told.body,
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(prev_hash.encode() + canonical.encode()).hexdigest()
