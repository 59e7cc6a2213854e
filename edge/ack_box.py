"""Confirmations on their way from the uplink's thread to the broker's."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from edge.confirming import Ack

MAX_ACKS_KEPT = 100_000


class AckBox:
    """Confirmations on their way from the uplink to the broker; the highest of each run counts.

    Beyond the bound the oldest goes: the device sends again and is told again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], Ack] = {}

    def add(self, acks: Sequence[Ack]) -> None:
        with self._lock:
            for ack in acks:
                key = (ack.device_id, ack.boot)
                before = self._kept.pop(key, ack)
                self._kept[key] = max(before, ack, key=lambda item: item.seq)
            while len(self._kept) > MAX_ACKS_KEPT:
                del self._kept[next(iter(self._kept))]

    def take(self) -> list[Ack]:
        with self._lock:
            taken = list(self._kept.values())
            self._kept.clear()
        return taken
