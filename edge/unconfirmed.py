"""What a device keeps until it is told that it is stored. Bounded: beyond it the oldest goes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from edge.made_up import with_lowest_held
from edge.telemetry import Message

MAX_KEPT = 10_000


@dataclass(slots=True)
class _Kept:
    message: Message
    sent_s: float | None


class Unconfirmed:
    """Messages of one run in the order of their numbers."""

    def __init__(self, bound: int = MAX_KEPT) -> None:
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._bound = bound
        self.dropped = 0
        self.confirmed = 0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, message: Message) -> None:
        self._kept[message.origin.seq] = _Kept(message, None)
        if len(self._kept) > self._bound:
            self._kept.popitem(last=False)
            self.dropped += 1

    def sent(self, message: Message, now_s: float) -> None:
        if message.origin.seq in self._kept:
            self._kept[message.origin.seq].sent_s = now_s

    def confirm(self, seq: int) -> None:
        """All up to ``seq`` is stored."""
        while self._kept and next(iter(self._kept)) <= seq:
            self._kept.popitem(last=False)
            self.confirmed += 1

    def due(self, now_s: float, *, after_s: float, limit: int) -> list[tuple[Message, bool]]:
        """Messages never sent, or unconfirmed for so long; True for those sent before.

        The oldest are first, since a confirmation waits for the lowest number.
        """
        out: list[tuple[Message, bool]] = []
        for kept in self._kept.values():
            if kept.sent_s is None or now_s - kept.sent_s >= after_s:
                out.append((self._marked(kept.message), kept.sent_s is not None))
                if len(out) == limit:
                    break
        return out

    def _marked(self, message: Message) -> Message:
        """Having dropped some, a device says from where on it still has all."""
        if not self.dropped or not self._kept:
            return message
        return with_lowest_held(message, next(iter(self._kept)))
