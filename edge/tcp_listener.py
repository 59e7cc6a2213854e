"""Devices over TCP: one thread, many connections, bounded in all of it.

A turn reads what has arrived on every connection, hands it to be stored as one group, and only
then answers. The languages are in the sessions; here are sockets.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

import structlog

from edge.errors import ConfigError
from edge.intake import Intake, Item, Outcome
from edge.metrics import Metrics

log = structlog.get_logger("edge.tcp_listener")

READ_BYTES = 65_536
MAX_UNSENT_BYTES = 262_144
MAX_LEFT_OVER = 10_000
_TICK_S = 1.0
_STOP_S = 3.0


@dataclass(frozen=True, slots=True)
class Heard:
    """Something to store, and the bytes to answer once it is known how that went.

    ``kept``: the device will not say it again, so what storage refused is tried again.
    """

    items: Sequence[Item]
    answer: Callable[[Outcome], bytes] = lambda _: b""
    kept: bool = False


class Session(Protocol):
    """One connection's side of a language; pure, the time is an argument."""

    def hear(self, data: bytes, now: datetime) -> list[Heard]: ...

    def tick(self, now: datetime) -> list[Heard]:
        """Called about once a second."""

    def close(self, now: datetime) -> list[Heard]:
        """The peer is gone: what there is to say of that."""


@dataclass(frozen=True, slots=True)
class Door:
    """An address to listen on; ``session`` makes one for a peer's host address."""

    setting: str
    address: str
    session: Callable[[str], Session]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    connections: int
    idle_s: float


class _Connection:
    def __init__(self, sock: socket.socket, session: Session) -> None:
        self.sock = sock
        self.session = session
        self.heard_at = time.monotonic()
        self.unsent = bytearray()
        self.writing = False
        self.gone = False


class TcpListener:
    """Enter it to listen; leaving it ends the thread and closes everything."""

    def __init__(
        self,
        doors: Sequence[Door],
        intake: Intake,
        *,
        limits: Limits,
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        """Binds at once. Raises ConfigError when an address is taken."""
        self._intake = intake
        self._limits = limits
        self._metrics = metrics
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._connections: set[_Connection] = set()
        self._left_over: list[Heard] = []
        self._stopping = threading.Event()
        self._ticked_at = time.monotonic()
        self._waker, self._wake_me = socket.socketpair()
        self._selector.register(self._wake_me, selectors.EVENT_READ, None)
        self.ports = {door.setting: self._listen(door) for door in doors}
        self._thread = threading.Thread(target=self._run, name="listeners", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._waker.send(b"\0")
        self._thread.join(_STOP_S)
        for key in list(self._selector.get_map().values()):
            with suppress(OSError):
                key.fileobj.close()  # type: ignore[union-attr]
        self._waker.close()
        self._selector.close()

    def _listen(self, door: Door) -> int:
        host, _, port = door.address.rpartition(":")
        host = host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            sock = socket.create_server((host, int(port)), family=family, backlog=128)
        except OSError as error:
            raise ConfigError(
                f"Setting edge.{door.setting}: {door.address} cannot be listened on "
                f"({error.strerror}); choose another port."
            ) from error
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ, door)
        bound = int(sock.getsockname()[1])
        log.info("listening", setting=door.setting, port=bound)
        return bound

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._turn()
            except Exception as error:
                # A mistake of ours: the devices were not answered, so they send again.
                log.error("a turn of the listeners failed", why=type(error).__name__)
                self._metrics.refused.labels("fault").inc()
                self._stopping.wait(_TICK_S)

    def _turn(self) -> None:
        heard: list[tuple[_Connection | None, Heard]] = []
        for key, events in self._selector.select(_TICK_S):
            if isinstance(key.data, Door):
                self._accept(key.fileobj, key.data)  # type: ignore[arg-type]
            elif isinstance(key.data, _Connection):
                self._move(key.data, events, heard)
            else:
                self._wake_me.recv(4096)
        self._tick(heard)
        heard += [(None, item) for item in self._left_over]
        self._left_over = []
        if heard:
            self._settle(heard)
        self._metrics.connections.set(len(self._connections))

    def _settle(self, heard: Sequence[tuple[_Connection | None, Heard]]) -> None:
        """Store, then answer."""
        outcomes = self._intake.take([item.items for _, item in heard])
        self._metrics.heard.inc(sum(len(item.items) for _, item in heard))
        for (connection, item), outcome in zip(heard, outcomes, strict=True):
            if connection is not None:
                self._send(connection, item.answer(outcome))
            if item.kept and outcome is Outcome.FAILED:
                self._left_over.append(item)
        if len(self._left_over) > MAX_LEFT_OVER:
            self._metrics.refused.labels("left_over").inc(len(self._left_over) - MAX_LEFT_OVER)
            self._left_over = self._left_over[-MAX_LEFT_OVER:]

    def _accept(self, listening: socket.socket, door: Door) -> None:
        try:
            sock, peer = listening.accept()
        except OSError:
            self._metrics.refused.labels("accept").inc()
            self._stopping.wait(0.05)  # out of descriptors: it stays readable, and must not spin
            return
        if len(self._connections) >= self._limits.connections:
            self._metrics.refused.labels("connections").inc()
            sock.close()
            return
        sock.setblocking(False)
        with suppress(OSError):  # gone again already; reading will tell
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(sock, door.session(str(peer[0])))
        self._connections.add(connection)
        self._selector.register(sock, selectors.EVENT_READ, connection)

    def _move(
        self, connection: _Connection, events: int, heard: list[tuple[_Connection | None, Heard]]
    ) -> None:
        if events & selectors.EVENT_WRITE:
            self._flush(connection)
        if not events & selectors.EVENT_READ or connection.gone:
            return
        try:
            data = connection.sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
            return
        connection.heard_at = time.monotonic()
        try:
            told = connection.session.hear(data, self._clock())
        except Exception as error:
            # A mistake of ours must not cost the others of this turn anything.
            log.error("a session failed", why=type(error).__name__)
            self._metrics.refused.labels("fault").inc()
            self._drop(connection)
            return
        heard += [(connection, item) for item in told]

    def _tick(self, heard: list[tuple[_Connection | None, Heard]]) -> None:
        now = time.monotonic()
        if now - self._ticked_at < _TICK_S:
            return
        self._ticked_at = now
        for connection in list(self._connections):
            if now - connection.heard_at > self._limits.idle_s:
                self._metrics.refused.labels("idle").inc()
                self._drop(connection)
            else:
                told = connection.session.tick(self._clock())
                heard += [(connection, item) for item in told]

    def _send(self, connection: _Connection, data: bytes) -> None:
        if connection.gone or not data:
            return
        connection.unsent += data
        if len(connection.unsent) > MAX_UNSENT_BYTES:
            self._metrics.refused.labels("unread_answers").inc()
            self._drop(connection)
            return
        self._flush(connection)

    def _flush(self, connection: _Connection) -> None:
        try:
            sent = connection.sock.send(connection.unsent) if connection.unsent else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(connection)
            return
        del connection.unsent[:sent]
        if connection.writing != bool(connection.unsent):
            connection.writing = bool(connection.unsent)
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.writing else 0)
            self._selector.modify(connection.sock, events, connection)

    def _drop(self, connection: _Connection) -> None:
        if connection.gone:
            return
        connection.gone = True
        self._connections.discard(connection)
        self._selector.unregister(connection.sock)
        connection.sock.close()
        self._left_over += connection.session.close(self._clock())
