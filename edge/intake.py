"""From what our own listeners heard to the outbox; what could not be stored is said so.

One thread's; the same path as what comes from the broker: read, judged, stored as a group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

import structlog

from edge import reception
from edge.errors import StorageFailed
from edge.metrics import Metrics
from edge.outbox import Outbox
from edge.outbox_rows import DeadLetter
from edge.quality import Limits, Track
from edge.reception import Arrival, Tracks
from edge.standing_alarms import Sorted, StandingAlarms
from edge.telemetry import Envelope, is_urgent

log = structlog.get_logger("edge.intake")


class Outcome(Enum):
    """Of one thing heard. Only FAILED is not on disk."""

    STORED = auto()
    UNREADABLE = auto()
    FAILED = auto()


class OnStored(Protocol):
    def __call__(self, *, urgent: bool) -> None: ...


Item = Arrival | Envelope
"""Bytes to be read, or a message the listener itself makes (presence)."""


@dataclass(slots=True)
class _Group:
    envelopes: list[Envelope] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    tracks: dict[str, Track] = field(default_factory=dict)
    ignored: int = 0


class _Layered(Mapping[str, Track]):
    """What this group changed, over what is remembered."""

    def __init__(self, above: Mapping[str, Track], below: Mapping[str, Track]) -> None:
        self._above = above
        self._below = below

    def __getitem__(self, device_id: str) -> Track:
        found = self._above.get(device_id)
        return self._below[device_id] if found is None else found

    def __iter__(self) -> Iterator[str]:
        return iter({**self._below, **self._above})

    def __len__(self) -> int:
        return len({**self._below, **self._above})


class Intake:
    def __init__(
        self,
        outbox: Outbox,
        *,
        metrics: Metrics,
        on_stored: OnStored,
        clock: Callable[[], datetime],
        limits: Limits,
        max_payload_bytes: int,
        sos_ends: bool = False,
    ) -> None:
        self._outbox = outbox
        self._metrics = metrics
        self._on_stored = on_stored
        self._clock = clock
        self._limits = limits
        self._max_payload_bytes = max_payload_bytes
        self._tracks = Tracks()
        self._alarms = StandingAlarms(sos_ends=sos_ends)

    def take(self, heard: Sequence[Sequence[Item]]) -> list[Outcome]:
        """One transaction for all; one outcome for each of ``heard``."""
        group = _Group()
        outcomes = [self._read(items, group) for items in heard]
        if not (group.envelopes or group.dead):
            self._metrics.ignored.inc(group.ignored)
            return outcomes
        alarms = self._alarms.sort(group.envelopes)
        try:
            self._store(group, alarms)
        except StorageFailed as error:
            log.error("not stored, not confirmed", why=str(error))
            self._metrics.storage_failures.inc()
            return [Outcome.FAILED] * len(outcomes)
        return outcomes

    def _store(self, group: _Group, alarms: Sorted) -> None:
        put = self._outbox.put(alarms.envelopes, group.dead, now=self._clock())
        self._tracks.keep(group.tracks)
        self._alarms.keep(alarms.since)
        self._metrics.ignored.inc(group.ignored)
        self._metrics.taken(alarms.envelopes, group.dead, put)
        self._on_stored(urgent=any(is_urgent(e.message) for e in alarms.envelopes))

    def _read(self, items: Sequence[Item], group: _Group) -> Outcome:
        outcome = Outcome.STORED
        for item in items:
            if isinstance(item, Envelope):
                group.envelopes.append(item)
            elif not self._read_arrival(item, group):
                outcome = Outcome.UNREADABLE
        return outcome

    def _read_arrival(self, arrival: Arrival, group: _Group) -> bool:
        """False when nothing of it could be understood."""
        received = reception.receive(
            [arrival],
            tracks=_Layered(group.tracks, self._tracks.view()),
            limits=self._limits,
            max_payload_bytes=self._max_payload_bytes,
        )
        group.envelopes += received.envelopes
        group.dead += received.dead
        group.tracks.update(received.tracks)
        group.ignored += received.without_telemetry
        return bool(received.envelopes) or not received.dead
