"""Sub-packets on their way to a whole message: bounded in sets, bytes and time. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from edge.protocols.jt808_frame import Frame, parts_key

MAX_SETS = 8
WAIT = timedelta(seconds=60)
REMEMBER = timedelta(seconds=120)

Key = tuple[str, int, int, int]


@dataclass(slots=True)
class PartSet:
    """Frames and their bytes on the wire, by index."""

    begun: datetime
    parts: dict[int, tuple[Frame, bytes]] = field(default_factory=dict)

    @property
    def wire(self) -> bytes:
        return b"".join(self.parts[index][1] for index in sorted(self.parts))

    @property
    def frames(self) -> list[Frame]:
        return [self.parts[index][0] for index in sorted(self.parts)]


class Parts:
    """One connection's. ``add`` gives the set that became whole; ``given_up`` what never will."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._sets: OrderedDict[Key, PartSet] = OrderedDict()
        self._whole: OrderedDict[Key, datetime] = OrderedDict()

    def add(self, frame: Frame, wire: bytes, now: datetime) -> PartSet | None:
        """The set once it is whole. A part of other shape than its set stands for itself."""
        part = frame.header.part
        if part is None or not 1 <= part.index <= part.total:
            return PartSet(now, {0: (frame, wire)})
        key = parts_key(frame.header)
        found = self._sets.setdefault(key, PartSet(now))
        found.parts[part.index] = (frame, wire)
        return self._sets.pop(key) if len(found.parts) == part.total else None

    def stored(self, frame: Frame, now: datetime) -> None:
        """The whole message is safe: a part that is sent again needs only its answer."""
        self._whole[parts_key(frame.header)] = now
        while len(self._whole) > MAX_SETS:
            self._whole.popitem(last=False)

    def is_stored(self, frame: Frame, now: datetime) -> bool:
        when = self._whole.get(parts_key(frame.header))
        return when is not None and now - when < REMEMBER

    def given_up(self, now: datetime, *, everything: bool = False) -> list[PartSet]:
        """Sets that waited too long or are too many or too large together, oldest first."""
        out: list[PartSet] = []
        for key, found in list(self._sets.items()):
            held = sum(len(item.wire) for item in self._sets.values())
            full = len(self._sets) > MAX_SETS or held > self._max_bytes
            if everything or full or now - found.begun > WAIT:
                out.append(self._sets.pop(key))
        return out
