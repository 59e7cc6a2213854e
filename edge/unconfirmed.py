"""What a device keeps until it is told that it is stored. Bounded: beyond it the oldest goes.

After a long outage a device must not flood the link that has just come back: of its backlog only
the first ``WINDOW`` are under way at a time, and what nobody confirms is sent again ever more
seldom. Resending everything on a fixed timer collapsed: after ten minutes without a broker six
devices sent each message some twenty times, and the queue of repeats kept the confirmations away.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice

from edge.made_up import with_lowest_held
from edge.telemetry import Alarm, Message

MAX_KEPT = 10_000
WINDOW = 1000
MAX_PATIENCE = 8.0


@dataclass(slots=True)
class _Kept:
    message: Message
    sent_s: float | None


class Unconfirmed:
    """Messages of one run in the order of their numbers."""

    def __init__(self, bound: int = MAX_KEPT) -> None:
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._bound = bound
        self._alarms: dict[int, Message] = {}
        self._patience = 1.0
        self.dropped = 0
        self.confirmed = 0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, message: Message) -> None:
        self._kept[message.origin.seq] = _Kept(message, None)
        if isinstance(message, Alarm):
            self._alarms[message.origin.seq] = message
        if len(self._kept) > self._bound:
            self._alarms.pop(self._kept.popitem(last=False)[0], None)
            self.dropped += 1

    def sent(self, message: Message, now_s: float) -> None:
        if message.origin.seq in self._kept:
            self._kept[message.origin.seq].sent_s = now_s
        self._alarms.pop(message.origin.seq, None)

    def confirm(self, seq: int) -> None:
        """All up to ``seq`` is stored."""
        while self._kept and next(iter(self._kept)) <= seq:
            self._alarms.pop(self._kept.popitem(last=False)[0], None)
            self.confirmed += 1
            self._patience = 1.0

    def due(self, now_s: float, *, after_s: float, limit: int) -> list[tuple[Message, bool]]:
        """Messages never sent, or unconfirmed for so long; True for those sent before.

        Alarms that never went out come first; then the oldest, since a confirmation waits for the
        lowest number. ``after_s`` doubles each time the oldest goes again, up to eightfold, until
        a confirmation comes.
        """
        wait_s = after_s * self._patience
        out = [(self._marked(message), False) for message in islice(self._alarms.values(), limit)]
        for number, kept in enumerate(islice(self._kept.values(), WINDOW)):
            if len(out) >= limit:
                break
            again = kept.sent_s is not None
            if kept.sent_s is not None and now_s - kept.sent_s < wait_s:
                continue
            if number == 0 and again:
                self._patience = min(MAX_PATIENCE, 2 * self._patience)
            if kept.message.origin.seq not in self._alarms:
                out.append((self._marked(kept.message), again))
        return out

    def _marked(self, message: Message) -> Message:
        """Having dropped some, a device says from where on it still has all."""
        if not self.dropped or not self._kept:
            return message
        return with_lowest_held(message, next(iter(self._kept)))
