"""What the agent counts. Names and labels only; never a person, a phone or a place."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from edge.outbox import Counts, Put
from edge.outbox_rows import DeadLetter
from edge.telemetry import Envelope


class Metrics:
    """One registry a process, made by the composition root."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.arrived = self._counter("arrivals", "Payloads delivered by the broker")
        self.stored = self._counter("messages_stored", "Messages new in the outbox", "kind")
        self.repeated = self._counter("messages_repeated", "Messages the outbox had already")
        self.acknowledged = self._counter("arrivals_acknowledged", "Payloads acknowledged")
        self.ignored = self._counter("arrivals_without_telemetry", "Payloads with no telemetry")
        self.dead = self._counter("dead_letters", "Dead letters", "stage", "reason")
        self.dead_dropped = self._counter("dead_letters_dropped", "Dead letters beyond the bound")
        self.doubted = self._counter("messages_doubted", "Reasons to doubt a message", "reason")
        self.shed = self._counter("messages_shed", "Messages shed for want of room or age", "kind")
        self.storage_failures = self._counter("storage_failures", "Groups that were not stored")
        self.connects = self._counter("broker_connects", "Connections made to the broker")
        self.connected = self._gauge("broker_connected", "1 while subscribed at the broker")
        self.connections = self._gauge("listener_connections", "TCP connections of devices")
        self.heard = self._counter("listener_messages", "Messages and lines heard over TCP")
        self.refused = self._counter("listener_refused", "What the listeners refused", "why")
        self.uplinked = self._counter("uplink_messages", "Messages the server took", "outcome")
        self.uplink_failures = self._counter("uplink_failures", "Batches that failed", "why")
        self.confirmed = self._counter("confirmations", "Confirmations published to devices")
        self.given_up = self._counter("gaps_given_up", "Missing numbers not waited for any more")
        self.waiting = self._gauge("outbox_messages", "Messages waiting in the outbox")
        self.waiting_bytes = self._gauge("outbox_bytes", "Bytes waiting in the outbox")
        self.urgent = self._gauge("outbox_urgent", "SOS messages waiting in the outbox")
        self.lag_s = self._gauge("uplink_lag_seconds", "Age of the oldest waiting message")

    def render(self) -> bytes:
        return generate_latest(self.registry)

    def taken(self, envelopes: Sequence[Envelope], dead: Sequence[DeadLetter], put: Put) -> None:
        """Counts a group that was just stored."""
        self.repeated.inc(put.repeated)
        self.dead_dropped.inc(put.dead_dropped)
        for kind, count in put.shed.items():
            self.shed.labels(kind).inc(count)
        for kind, count in Tally(e.message.kind for e in envelopes).items():
            self.stored.labels(kind).inc(count)
        for reason, count in Tally(d for e in envelopes for d in e.doubt).items():
            self.doubted.labels(reason).inc(count)
        for letter in dead:
            self.dead.labels(letter.stage, reason_label(letter.reason)).inc()

    def observe(self, counts: Counts, *, now_s: float) -> None:
        self.waiting.set(counts.waiting)
        self.waiting_bytes.set(counts.waiting_bytes)
        self.urgent.set(counts.urgent)
        self.lag_s.set(0 if counts.oldest_at is None else max(0.0, now_s - counts.oldest_at))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"xiaonao_edge_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"xiaonao_edge_{name}", text, registry=self.registry)


_KNOWN_FIELDS = frozenset(
    (
        *("payload", "topic", "message", "v", "boot", "seq", "sent_at", "kind", "device_id"),
        *("lat", "lon", "fix_time", "crs", "alarm", "state", "talkgroup", "started_at"),
        *("taken_at", "sha256", "batch", "_type", "tst", "decoder"),
        *("frame", "checksum", "encryption", "version", "body", "parts", "sentence"),
    )
)


def reason_label(reason: str) -> str:
    """The field at fault, as a label with few values: ``lat is missing; lon …`` gives ``lat``."""
    faults = reason.partition(" | ")[0].split("; ")
    at_fault = faults[-1] if faults[0].startswith("batch[") else faults[0]
    word = at_fault.partition(" ")[0]
    return word if word in _KNOWN_FIELDS else "other"
