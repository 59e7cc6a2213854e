"""One thread per process follows the event log and wakes every stream.

Streams keep their own place in the log. Whoever is near its end is served from memory, whoever
lags reads pages from the database: nobody is dropped and nobody misses an event.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from contextlib import closing
from itertools import islice

import structlog
from pydantic import TypeAdapter

from server.domain.roles import SYSTEM, Actor, Role
from server.domain.views import UnitView
from server.office import Office
from server.services import following, reading, units
from server.services.following import Told
from server.store.waking import Waker
from server.web.metrics import Metrics

RECENT = 2000
PAGE = 500
UNITS_EVERY_S = 1.0
RETRY_S = 1.0

log = structlog.get_logger()

_UNITS: TypeAdapter[list[UnitView]] = TypeAdapter(list[UnitView])
_EVERYTHING = Actor(SYSTEM, Role.ADMIN)


class Hub:
    """Make one per process; the thread starts with the first stream."""

    def __init__(self, office: Office, metrics: Metrics) -> None:
        self._office = office
        self._metrics = metrics
        self._changed = threading.Condition()
        self._recent: deque[Told] = deque(maxlen=RECENT)
        self._last = 0
        self._units_version = 0
        self._units_digest = b""
        self._units_text: dict[str, tuple[int, str]] = {}
        self._thread: threading.Thread | None = None
        self._stopped = False

    @property
    def stopped(self) -> bool:
        return self._stopped

    def start(self) -> None:
        """Begin to follow; safe to call for every stream."""
        with self._changed:
            if self._thread is not None or self._stopped:
                return
            self._last = reading.last_event(self._office)
            self._thread = threading.Thread(target=self._run, name="event-hub", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End every stream soon."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def wait(self, number: int, units_version: int, timeout_s: float) -> None:
        """Until there is an event behind ``number``, other units, the end, or the timeout."""

        def news() -> bool:
            return self._stopped or self._last > number or self._units_version != units_version

        with self._changed:
            self._changed.wait_for(news, timeout_s)

    def after(self, number: int) -> list[Told]:
        """Events behind ``number``, oldest first: from memory, else one page of the database."""
        with self._changed:
            if number >= self._last:
                return []
            if self._recent and self._recent[0].event.id <= number + 1:
                skip = number + 1 - self._recent[0].event.id
                return list(islice(self._recent, skip, skip + PAGE))
        return following.told_after(self._office, number, limit=PAGE)

    def units(self, actor: Actor) -> tuple[int, str]:
        """The version of the units' live state and its JSON as this actor may see it."""
        key = actor.unit_id or "" if actor.role is Role.MEDIATOR else "*"
        with self._changed:
            version = self._units_version
            kept = self._units_text.get(key)
        if kept is not None and kept[0] == version:
            return kept
        text = _UNITS.dump_json(units.unit_views(self._office, actor)).decode()
        with self._changed:
            self._units_text[key] = (version, text)
        return version, text

    def _run(self) -> None:
        while not self._stopped:
            try:
                with closing(following.waker(self._office)) as waker:
                    self._follow(waker)
            except Exception as error:
                self._metrics.follower_faults.inc()
                log.exception("event_log_lost", error=type(error).__name__)
                time.sleep(RETRY_S)

    def _follow(self, waker: Waker) -> None:
        next_units = 0.0
        dirty = True
        hears_all = self._office.engine.dialect.name == "sqlite"
        self._read_events()
        while not self._stopped:
            pause = max(0.0, next_units - time.monotonic()) if dirty else UNITS_EVERY_S
            if waker.wait(pause):
                dirty = True
                self._read_events()
            if (dirty or not hears_all) and time.monotonic() >= next_units:
                self._read_units()
                dirty, next_units = False, time.monotonic() + UNITS_EVERY_S

    def _read_events(self) -> None:
        while found := following.told_after(self._office, self._last, limit=PAGE):
            with self._changed:
                self._recent.extend(found)
                self._last = found[-1].event.id
                self._changed.notify_all()

    def _read_units(self) -> None:
        """A new version when anything but the ages changed."""
        views = units.unit_views(self._office, _EVERYTHING)
        steady = _UNITS.dump_json(views, exclude={"__all__": {"position": {"age_s"}}})
        digest = hashlib.blake2b(steady, digest_size=16).digest()
        if digest == self._units_digest:
            return
        with self._changed:
            self._units_digest = digest
            self._units_version += 1
            self._changed.notify_all()
