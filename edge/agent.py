"""The edge agent put together: broker, outbox, server.

The order of work for a group of arrivals is the body of ``Agent._settle``; the order of a day is
``Agent.run``. Two threads: this one talks with the broker and writes the outbox, the other reads
the outbox and talks with the server.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

import structlog

from edge import config, listeners, reception
from edge.ack_box import AckBox
from edge.confirming import Ack
from edge.encoding import stamp
from edge.errors import (
    BrokerUnreachable,
    ConfigError,
    ServerUnavailable,
    StorageFailed,
)
from edge.heartbeat import DownBox, Heartbeat
from edge.home import alone, limits_of, open_outbox
from edge.intake import Intake
from edge.memory import bound_heaps, give_back
from edge.metrics import Metrics
from edge.mqtt import BrokerLink
from edge.outbox import Outbox, Put
from edge.poster import HttpPoster
from edge.quality import Track
from edge.reception import Arrival, Received, Tracks
from edge.sos_lane import SosLane
from edge.status_page import StatusPage
from edge.telemetry import is_urgent
from edge.uplink import Uplink

log = structlog.get_logger("edge.agent")

LAST_FLUSH_S = 3.0
_RECONNECT_MIN_S = 0.25
_RECONNECT_MAX_S = 10.0


class Agent:
    """One a home folder."""

    def __init__(self, settings: config.Settings, *, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._stopping = threading.Event()
        self._acks = AckBox()
        self._down = DownBox()
        self._tracks = Tracks()
        self._failures = 0
        self._rests = 0
        self._announced = False
        self.metrics = Metrics()
        self._outbox = open_outbox(settings)
        self._poster = self._build_poster(settings.edge)
        self._uplink = self._build_uplink(open_outbox(settings), self._poster)
        self._link = BrokerLink(
            settings.mqtt,
            settle=self._settle,
            clock=clock,
            commit_rows=settings.edge.commit_rows,
            on_sent=self._down.sent,
        )
        self._heartbeat = Heartbeat(
            settings.edge,
            config.token(settings),
            report=self._report,
            box=self._down,
            wake=self._link.wake,
        )

    def stop(self) -> None:
        """Asks ``run`` to end in order; safe from a signal handler."""
        self._stopping.set()
        self._link.wake()

    def run(self, *, on_ready: Callable[[], None]) -> None:
        """Until ``stop``; then commits, flushes one last batch and returns.

        ``on_ready`` is called once, when first subscribed. Raises AlreadyRunning, ConfigError.
        """
        bound_heaps()
        with ExitStack() as stack:
            stack.enter_context(alone(self._settings.home))
            self._open_status_page(stack)
            self._open_listeners(stack)
            uplink = threading.Thread(target=self._uplink.run, name="uplink", daemon=True)
            uplink.start()
            self._open_sos_lane(stack)
            threading.Thread(target=self._heartbeat.run, name="heartbeat", daemon=True).start()
            stack.callback(self._heartbeat.stop)
            while not self._stopping.is_set():
                self._one_connection(on_ready)
            self._finish(uplink)

    def health(self) -> dict[str, object]:
        return {
            "status": "ok",
            "broker": "subscribed" if self._link.subscribed else "away",
            "server": self._uplink.last_failure or "ok",
        }

    def _report(self) -> dict[str, object]:
        """The heartbeat's words; called from its thread."""
        counts = self._uplink.counts
        oldest = counts.oldest_at if counts else None
        return {
            "agent": self._settings.mqtt.client_id,
            "broker": self.health()["broker"],
            "waiting": counts.waiting if counts else 0,
            "oldest_at": None if oldest is None else stamp(datetime.fromtimestamp(oldest, UTC)),
            "dead": counts.dead if counts else 0,
            "shed": counts.shed if counts else 0,
            "skews": self._tracks.skews(),
        }

    def _one_connection(self, on_ready: Callable[[], None]) -> None:
        """Connects and turns the loop until connection or storage fails, or until stopped.

        A resumed session delivers before we are subscribed, so storage can fail from the start.
        """
        try:
            self._link.connect()
            self._subscribed(on_ready)
            while self._link.subscribed and not self._stopping.is_set():
                self._link.turn()
                self._after_turn()
        except BrokerUnreachable as error:
            log.warning("broker away", why=str(error))
            self._pause()
        except StorageFailed as error:
            # Unacknowledged, so the broker keeps the group and sends it again on reconnect.
            log.error("not stored, not acknowledged", why=str(error))
            self.metrics.storage_failures.inc()
            self._link.drop()
            self._pause()
        self.metrics.connected.set(0)

    def _subscribed(self, on_ready: Callable[[], None]) -> None:
        self._failures = 0
        self.metrics.connects.inc()
        self.metrics.connected.set(1)
        log.info("subscribed")
        if not self._announced:
            self._announced = True
            on_ready()

    def _settle(self, arrivals: Sequence[Arrival]) -> None:
        received = self._receive(arrivals, self._tracks.view())
        put = self._outbox.put(received.envelopes, received.dead, now=self._clock())
        self._tracks.keep(received.tracks)
        self._acks.add(put.acks)
        self._uplink.wake(urgent=any(is_urgent(e.message) for e in received.envelopes))
        self._count(len(arrivals), received, put)

    def _receive(self, arrivals: Sequence[Arrival], tracks: Mapping[str, Track]) -> Received:
        return reception.receive(
            arrivals,
            tracks=tracks,
            limits=limits_of(self._settings.edge),
            max_payload_bytes=self._settings.edge.max_payload_bytes,
        )

    def _after_turn(self) -> None:
        self.metrics.acknowledged.inc(self._link.acknowledged)
        self._link.acknowledged = 0
        kept = []
        for ack in self._acks.take():
            if self._link.confirm(ack):
                self.metrics.confirmed.inc()
            else:
                kept.append(ack)
        self._acks.add(kept)
        now = self._clock()
        waits = [down for down in self._down.take() if not self._link.send_down(down, now=now)]
        self._down.add(waits)
        if self._rests != self._uplink.rests:
            self._rests = self._uplink.rests
            self._outbox.shrink()
            give_back()

    def _finish(self, uplink: threading.Thread) -> None:
        """Commit, one last batch, the confirmations it brings, goodbye; all within the bound."""
        give_up = time.monotonic() + LAST_FLUSH_S
        try:
            self._link.settle_in_hand()
        except StorageFailed as error:
            log.error("not stored, not acknowledged", why=str(error))
        self._uplink.stop()
        uplink.join(LAST_FLUSH_S / 2)
        if not uplink.is_alive():
            self._flush(give_up - time.monotonic())
            if self._link.subscribed:
                self._after_turn()
        self._link.close()
        self._poster.close()
        self._outbox.close()
        log.info("stopped")

    def _flush(self, left_s: float) -> None:
        if left_s < 0.1:
            return
        hurried = self._settings.edge.model_copy(update={"request_timeout_s": left_s})
        poster = self._build_poster(hurried)
        try:
            self._build_uplink(self._outbox, poster).work()
        except (ServerUnavailable, StorageFailed) as error:
            log.warning("last batch stays in the outbox", why=str(error))
        finally:
            poster.close()

    def _pause(self) -> None:
        self._failures += 1
        wait = min(_RECONNECT_MAX_S, _RECONNECT_MIN_S * 2.0 ** min(self._failures, 10))
        self._stopping.wait(wait * random.uniform(0.5, 1.0))  # noqa: S311  no secret

    def _on_acks(self, acks: Sequence[Ack]) -> None:
        self._acks.add(acks)
        self._link.wake()

    def _build_poster(self, edge: config.EdgeSettings) -> HttpPoster:
        shared = bool(self._settings.mqtt.share)
        return HttpPoster(edge, config.token(self._settings), shared=shared)

    def _build_uplink(self, outbox: Outbox, poster: HttpPoster) -> Uplink:
        return Uplink(
            outbox,
            poster,
            settings=self._settings.edge,
            metrics=self.metrics,
            on_acks=self._on_acks,
            clock=self._clock,
        )

    def _open_listeners(self, stack: ExitStack) -> None:
        """For devices that speak no MQTT; they are heard while the broker is away, too."""
        if not listeners.wanted(self._settings.edge):
            return
        intake = Intake(
            stack.enter_context(open_outbox(self._settings)),
            metrics=self.metrics,
            on_stored=self._uplink.wake,
            clock=self._clock,
            limits=limits_of(self._settings.edge),
            max_payload_bytes=self._settings.edge.max_payload_bytes,
            sos_ends=self._settings.edge.jt808_sos_ends,
        )
        opened = listeners.open_listeners(self._settings, intake, self.metrics, clock=self._clock)
        stack.enter_context(opened)

    def _open_sos_lane(self, stack: ExitStack) -> None:
        outbox = stack.enter_context(open_outbox(self._settings))

        def settle(arrivals: Sequence[Arrival]) -> None:
            received = self._receive(arrivals, self._tracks.copy())
            put = outbox.put(received.envelopes, (), now=self._clock())
            self._acks.add(put.acks)
            self._uplink.wake(urgent=True)
            self.metrics.taken(received.envelopes, (), put)

        lane = SosLane(self._settings.mqtt, settle=settle, clock=self._clock)
        thread = threading.Thread(target=lane.run, name="sos", daemon=True)
        thread.start()
        stack.callback(thread.join, 1.0)
        stack.callback(lane.stop)

    def _open_status_page(self, stack: ExitStack) -> None:
        address = self._settings.edge.http
        if not address:
            return
        try:
            page = StatusPage(address, health=self.health, metrics=self.metrics.render)
        except OSError as error:
            raise ConfigError(
                f"Setting edge.http: {address} cannot be listened on ({error.strerror}); "
                "choose another port."
            ) from error
        log.info("status page", url=stack.enter_context(page).url)

    def _count(self, arrivals: int, received: Received, put: Put) -> None:
        self.metrics.arrived.inc(arrivals)
        self.metrics.ignored.inc(received.without_telemetry)
        self.metrics.taken(received.envelopes, received.dead, put)
