"""NMEA 0183 over TCP: whose lines these are. The language gives no answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edge import topics
from edge.datum import Crs
from edge.errors import Unreadable
from edge.protocols import nmea
from edge.reception import Arrival
from edge.tcp_listener import Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """``prefix`` stands before every id; with one, the sender's address is an id too."""

    crs: Crs = "WGS-84"
    prefix: str = ""
    max_line_bytes: int = 4096


class NmeaSession:
    """One connection. ``$PXNID,<id>*cs`` says whose the following sentences are."""

    def __init__(self, rules: Rules, peer: str, refused: Callable[[str], None]) -> None:
        self._rules = rules
        self._refused = refused
        self._device_id = f"{rules.prefix}{peer}" if rules.prefix else ""
        self._held = b""
        self._skipping = False

    def hear(self, data: bytes, now: datetime) -> list[Heard]:
        """The lines of one device that came together are read together."""
        out: list[Heard] = []
        run: list[bytes] = []
        for line in self._lines(data):
            if nmea.is_device_sentence(line):
                out += self._arrivals(run, now) + self._told(line, now)
                run = []
            else:
                run.append(line)
        return out + self._arrivals(run, now)

    def tick(self, now: datetime) -> list[Heard]:  # noqa: ARG002
        return []

    def close(self, now: datetime) -> list[Heard]:
        held, self._held = self._held.strip(), b""
        return self._arrivals([held], now) if held else []

    def _lines(self, data: bytes) -> list[bytes]:
        *ended, begun = data.split(b"\n")
        out: list[bytes] = []
        for piece in ended:
            self._grow(piece, out)
            line = self._held.strip()
            self._held, self._skipping = b"", False
            out += [line] if line else []
        self._grow(begun, out)
        return out

    def _grow(self, piece: bytes, out: list[bytes]) -> None:
        """A line that grows too long comes out cut, once; it is a dead letter."""
        if self._skipping:
            return
        self._held += piece
        if len(self._held) > self._rules.max_line_bytes:
            self._refused("long_line")
            out.append(self._held[: self._rules.max_line_bytes])
            self._held, self._skipping = b"", True

    def _told(self, line: bytes, now: datetime) -> list[Heard]:
        try:
            self._device_id = self._rules.prefix + nmea.device_told(line)
        except Unreadable:
            # Not the last device's any more, and nobody knows whose.
            self._device_id = ""
            return self._arrivals([line], now)
        return []

    def _arrivals(self, run: list[bytes], now: datetime) -> list[Heard]:
        if not run:
            return []
        topic = topics.nmea_topic(self._rules.crs, self._device_id)
        return [Heard([Arrival(topic, b"\n".join(run), now, "listener")], kept=True)]
