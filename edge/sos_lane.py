"""Alarms by a connection of their own: at the broker, too, an SOS waits behind no backlog.

A session's messages come in order, so an SOS would wait behind everything the broker kept while
the agent was away. The main connection brings each alarm as well; the same number counts once.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence

import structlog

from edge.errors import BrokerUnreachable, StorageFailed
from edge.mqtt import BrokerLink, Clock
from edge.mqtt_config import MqttSettings
from edge.reception import Arrival
from edge.topics import telemetry_topic

log = structlog.get_logger("edge.sos")

FILTER = telemetry_topic("+", "alarm")
_COMMIT_ROWS = 50
_RETRY_MIN_S = 0.25
_RETRY_MAX_S = 10.0


class SosLane:
    """Run it in a thread of its own; ``settle`` stores a group or raises."""

    def __init__(
        self, settings: MqttSettings, *, settle: Callable[[Sequence[Arrival]], None], clock: Clock
    ) -> None:
        own = settings.model_copy(update={"client_id": f"{settings.client_id[:60]}-sos"})
        self._stopping = threading.Event()
        self._link = BrokerLink(
            own, settle=settle, clock=clock, commit_rows=_COMMIT_ROWS, filters=(FILTER,)
        )

    def stop(self) -> None:
        self._stopping.set()
        self._link.wake()

    def run(self) -> None:
        """Until stopped; every failure is tried again, with back-off and jitter."""
        failures = 0
        while not self._stopping.is_set():
            try:
                self._link.connect()
                failures = 0
                log.info("alarm lane open")
                while self._link.subscribed and not self._stopping.is_set():
                    self._link.turn()
            except BrokerUnreachable:
                failures += 1  # the main connection says so in the log
            except StorageFailed as error:
                failures += 1
                log.error("alarm not stored, not acknowledged", why=str(error))
                self._link.drop()
            if failures:
                wait_s = min(_RETRY_MAX_S, _RETRY_MIN_S * 2.0 ** min(failures, 10))
                self._stopping.wait(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  no secret
        try:
            self._link.close()
        except StorageFailed as error:
            log.error("alarm not stored, not acknowledged", why=str(error))
