"""Alarms told as bits of every position become two messages: raised, ended. Pure but for memory.

A report whose bit is set raises the alarm; while it stands, further ones say nothing new; the
first report of the same or a later time without the bit ends it.

The standard lets a device clear its SOS bit on our answer; with ``sos_ends`` off the cleared bit
ends nothing, and only makes way for the next SOS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from edge.protocols.jt808 import alarm_origin
from edge.telemetry import Alarm, AlarmKind, Envelope, Position

MAX_STANDING = 20_000

Key = tuple[str, AlarmKind]


@dataclass(slots=True)
class Sorted:
    """What is left to store, and what to remember once it is."""

    envelopes: list[Envelope] = field(default_factory=list)
    since: dict[Key, datetime | None] = field(default_factory=dict)


class StandingAlarms:
    """Which alarms of which devices stand since when; at most 20,000, then the oldest goes."""

    def __init__(self, *, sos_ends: bool = False) -> None:
        self._sos_ends = sos_ends
        self._since: dict[Key, datetime] = {}

    def sort(self, envelopes: Sequence[Envelope]) -> Sorted:
        """Reports in order: each a position followed by the alarms of its bits."""
        out = Sorted()
        for report in _reports(envelopes):
            self._one(report, out)
        return out

    def keep(self, since: dict[Key, datetime | None]) -> None:
        """Call once the group is stored: what failed is told again, and must count then."""
        for key, when in since.items():
            self._since.pop(key, None)
            if when is not None:
                self._since[key] = when
        while len(self._since) > MAX_STANDING:
            del self._since[next(iter(self._since))]

    def _one(self, report: list[Envelope], out: Sorted) -> None:
        for envelope in report:
            message = envelope.message
            if isinstance(message, Alarm):
                key = (message.origin.device_id, message.alarm)
                if self._standing(key, out) is not None:
                    continue
                out.since[key] = message.origin.sent_at
            out.envelopes.append(envelope)
        self._end(report, out)

    def _end(self, report: list[Envelope], out: Sorted) -> None:
        position = report[0].message
        if not isinstance(position, Position):
            return
        told = {e.message.alarm for e in report if isinstance(e.message, Alarm)}
        for kind in _BIT_KINDS:
            key = (position.origin.device_id, kind)
            since = self._standing(key, out)
            if kind in told or since is None or position.origin.sent_at < since:
                continue
            out.since[key] = None
            if kind == "sos" and not self._sos_ends:
                continue
            over = Alarm(
                origin=alarm_origin(position.origin, kind),
                alarm=kind,
                active=False,
                fix=position.fix,
            )
            out.envelopes.append(replace(report[0], message=over))

    def _standing(self, key: Key, out: Sorted) -> datetime | None:
        return out.since[key] if key in out.since else self._since.get(key)


_BIT_KINDS: tuple[AlarmKind, ...] = ("sos", "low_battery", "camera_fault")


def _reports(envelopes: Sequence[Envelope]) -> list[list[Envelope]]:
    out: list[list[Envelope]] = []
    for envelope in envelopes:
        if isinstance(envelope.message, Alarm) and out:
            out[-1].append(envelope)
        else:
            out.append([envelope])
    return out
