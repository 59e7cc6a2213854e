"""Batches from the outbox to the server, until it has them.

Three answers: taken (done), malformed (split down to the message at fault, which becomes a dead
letter), not now (everything stays; wait with back-off and jitter). An SOS cuts a wait short.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import httpx
import structlog

from edge.batch_size import BatchSize
from edge.config import EdgeSettings
from edge.confirming import Ack
from edge.errors import BatchRefused, ServerUnavailable, StorageFailed
from edge.memory import give_back
from edge.metrics import Metrics
from edge.outbox import Counts, Outbox
from edge.outbox_rows import Waiting
from edge.poster import Answer, Poster

log = structlog.get_logger("edge.uplink")

_STUMBLES_BEFORE_SPLIT = 3
_SINGLES_A_ROUND = 50
_FALLEN_IN_A_ROW = 3
BACKLOG_ROWS = 10_000
"""So many sent without a rest were a backlog."""

Clock = Callable[[], datetime]
OnAcks = Callable[[Sequence[Ack]], None]


class Uplink:
    """Works the outbox until told to stop; run it in a thread of its own with its own outbox."""

    def __init__(
        self,
        outbox: Outbox,
        poster: Poster,
        *,
        settings: EdgeSettings,
        metrics: Metrics,
        on_acks: OnAcks,
        clock: Clock,
    ) -> None:
        self._outbox = outbox
        self._poster = poster
        self._settings = settings
        self._metrics = metrics
        self._on_acks = on_acks
        self._clock = clock
        self._wake = threading.Event()
        self._urgent = threading.Event()
        self._stopping = threading.Event()
        self._failures = 0
        self._sent = 0
        self._size = BatchSize(settings.batch_rows)
        self.last_failure = ""
        self.counts: Counts | None = None
        self.rests = 0
        """How many backlogs have gone up; other threads let go of their own pages then."""

    def wake(self, *, urgent: bool = False) -> None:
        """There is something new; an urgent one is tried even while waiting for the server."""
        if urgent:
            self._urgent.set()
        self._wake.set()

    def stop(self) -> None:
        self._stopping.set()
        self._urgent.set()
        self._wake.set()

    def run(self) -> None:
        """Until stopped. Every failure is counted, logged and tried again."""
        while not self._stopping.is_set():
            self._wake.clear()
            self._urgent.clear()
            try:
                if not self.work():
                    self._rested()
                    self._wake.wait(1.0)
                self._failures = 0
                self.last_failure = ""
            except ServerUnavailable as error:
                self._note(error)
                self._urgent.wait(self._pause_s(error))
            except StorageFailed as error:
                self._storage_failed(error)
                self._stopping.wait(self._settings.retry_max_s)

    def _rested(self) -> None:
        """Nothing waits any more: what a backlog took goes back to the machine."""
        if self._sent >= BACKLOG_ROWS:
            self._outbox.shrink()
            give_back()
            self.rests += 1
        self._sent = 0

    def work(self) -> bool:
        """One batch; False when nothing waits. Raises ServerUnavailable, StorageFailed."""
        now = self._clock()
        batch = self._outbox.peek(rows=self._size.rows, max_bytes=self._settings.batch_bytes)
        if batch:
            self._send(batch)
            self._sent += len(batch)
            self._size.answered()
        if voids := self._outbox.voids():
            self._on_acks(self._poster.post((), voids).confirmed)
            self._outbox.drop_voids(voids)
        self._observe(now)
        return bool(batch)

    def _send(self, batch: Sequence[Waiting]) -> None:
        try:
            answer = self._poster.post(batch)
        except BatchRefused as error:
            self._split(batch, error)
            return
        except ServerUnavailable as error:
            if error.status == httpx.codes.INTERNAL_SERVER_ERROR:
                self._one_by_one(batch)
            raise
        self._settle(batch, answer)

    def _split(self, batch: Sequence[Waiting], error: BatchRefused) -> None:
        """Halves until the message at fault stands alone."""
        if len(batch) > 1:
            middle = len(batch) // 2
            self._send(batch[:middle])
            self._send(batch[middle:])
            return
        self._settle(batch, Answer(0, 0, ((0, str(error)),)))

    def _one_by_one(self, batch: Sequence[Waiting]) -> None:
        """The server stumbles over this batch again and again: find what it does take.

        One that fails while others pass is at fault. It is not lost: it goes to the end of the
        queue and is tried again. When nothing passes it is the server, and the order stays.
        """
        if self._failures < _STUMBLES_BEFORE_SPLIT or len(batch) == 1:
            return
        fallen: list[Waiting] = []
        for passed, row in enumerate(batch[:_SINGLES_A_ROUND]):
            if passed == len(fallen) == _FALLEN_IN_A_ROW:
                return
            try:
                self._settle([row], self._poster.post([row]))
            except BatchRefused as error:
                self._settle([row], Answer(0, 0, ((0, str(error)),)))
            except ServerUnavailable:
                fallen.append(row)
        if len(fallen) < len(batch[:_SINGLES_A_ROUND]):
            self._metrics.uplinked.labels("postponed").inc(len(fallen))
            self._outbox.postpone(fallen)

    def _settle(self, batch: Sequence[Waiting], answer: Answer) -> None:
        refused = {index: why for index, why in answer.rejected if 0 <= index < len(batch)}
        taken = [row for index, row in enumerate(batch) if index not in refused]
        dead = [(batch[index], why) for index, why in refused.items()]
        confirmed = self._outbox.settle(taken, dead, now=self._clock())
        self._metrics.uplinked.labels("accepted").inc(answer.accepted)
        self._metrics.uplinked.labels("duplicate").inc(answer.duplicates)
        self._metrics.uplinked.labels("rejected").inc(len(dead))
        self._metrics.given_up.inc(confirmed.given_up)
        for _ in dead:
            self._metrics.dead.labels("server", "server").inc()
        self._on_acks((*confirmed.acks, *answer.confirmed))

    def _note(self, error: ServerUnavailable) -> None:
        self._failures += 1
        self._size.failed(error.why)
        self.last_failure = error.why
        self._metrics.uplink_failures.labels(error.why).inc()
        log.warning("uplink failed", why=error.why, failures=self._failures)
        self._observe(self._clock())

    def _observe(self, now: datetime) -> None:
        self.counts = self._outbox.counts()
        self._metrics.observe(self.counts, now_s=now.timestamp())

    def _storage_failed(self, error: StorageFailed) -> None:
        self.last_failure = "storage"
        self._metrics.storage_failures.inc()
        log.error("uplink cannot work the outbox", why=str(error))

    def _pause_s(self, error: ServerUnavailable) -> float:
        """Doubling, up to the bound, times a random half to whole (so that many do not agree)."""
        doubled = self._settings.retry_min_s * 2.0 ** min(self._failures - 1, 16)
        wait = min(self._settings.retry_max_s, doubled)
        if error.retry_after_s is not None:
            wait = max(wait, min(error.retry_after_s, self._settings.retry_max_s))
        return wait * random.uniform(0.5, 1.0)  # noqa: S311  no secret
