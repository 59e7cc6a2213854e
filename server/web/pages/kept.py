"""Parts of pages drawn once for every screen that shows the same: two hundred ask, one is drawn.

Only parts without anything of the person who asks: no name, no page token, no clear data.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime

from flask import current_app

from server.services import reading
from server.web import translation
from server.web.access import current_office

KEEP_S = 10.0
"""A part serves until something happens, but no longer than this."""
MOST = 100
"""Different parts kept at once; when there are more, all begin anew."""
_KEY = "xiaonao_kept_parts"


@dataclass(slots=True)
class Part:
    """One part as of an event's number; ``turn`` lets one draw while the others wait."""

    number: int = -1
    at: datetime | None = None
    html: str = ""
    turn: threading.Lock = field(default_factory=threading.Lock)


class Parts:
    def __init__(self) -> None:
        self._parts: dict[Hashable, Part] = {}
        self._turn = threading.Lock()

    def of(self, key: Hashable) -> Part:
        with self._turn:
            if key not in self._parts and len(self._parts) >= MOST:
                self._parts.clear()
            return self._parts.setdefault(key, Part())


def prepare(extensions: dict[str, object]) -> None:
    extensions[_KEY] = Parts()


def drawn(key: Hashable, draw: Callable[[], str]) -> str:
    """The part under a key, drawn anew when an event was told since or it has grown old.

    The event's number is read before drawing, so a part is never older than its number says.
    """
    office = current_office()
    parts: Parts = current_app.extensions[_KEY]
    part = parts.of((translation.language(), key))
    with part.turn:
        number, now = reading.last_event(office), office.clock()
        old = part.at is None or abs((now - part.at).total_seconds()) > KEEP_S
        if old or part.number != number:
            part.html = draw()
            part.number, part.at = number, now
        return part.html
