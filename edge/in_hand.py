"""What a connection has brought and nobody has stored yet, bounded by count and by bytes.

The count alone bounds nothing: 500 messages of a megabyte each are half a gigabyte.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.reception import Arrival

MOST_BYTES = 2_097_152


@dataclass(frozen=True, slots=True)
class Taken:
    """``generation`` is the connection it came by: its packet id means nothing on another."""

    arrival: Arrival
    packet_id: int
    qos: int
    generation: int


class InHand:
    """Taken, not settled. ``full`` says when to settle first; one message always fits."""

    def __init__(self, most_rows: int, most_bytes: int = MOST_BYTES) -> None:
        self._most_rows = most_rows
        self._most_bytes = most_bytes
        self._taken: list[Taken] = []
        self._size = 0

    @property
    def full(self) -> bool:
        return len(self._taken) >= self._most_rows or self._size >= self._most_bytes

    def add(self, taken: Taken) -> None:
        self._taken.append(taken)
        self._size += len(taken.arrival.payload)

    def empty(self) -> list[Taken]:
        """All of it, in order of arrival; nothing is in hand afterwards."""
        taken, self._taken, self._size = self._taken, [], 0
        return taken
