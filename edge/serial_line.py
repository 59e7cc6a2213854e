"""NMEA sentences of a serial port, passed on to an agent's TCP listener.

For a radio or a receiver that hangs on a gateway's port. The port is read whether or not the agent
can be reached; what waits is bounded, and beyond it the oldest sentences go. NMEA has no answers:
what was handed to a connection that broke just then is lost.
"""

from __future__ import annotations

import os
import select
import socket
import termios
import threading
import time
import tty
from dataclasses import dataclass
from pathlib import Path

import structlog

from edge.errors import ConfigError
from edge.fields import FieldError, name

log = structlog.get_logger("edge.serial")

MOST_BYTES = 1_048_576
MOST_PORT = 65_535
_AGAIN_S = 1.0
_CONNECT_S = 2.0
_TURN_S = 0.5


@dataclass(frozen=True, slots=True)
class Options:
    """``port`` is the serial device, ``device_id`` whose its sentences are."""

    port: Path
    baud: int
    host: str
    tcp_port: int
    device_id: str


def options_of(port: Path, address: str, *, device_id: str, baud: int) -> Options:
    """Raises ConfigError when the address or the id cannot be one."""
    host, _, number = address.rpartition(":")
    if not host or not number.isdecimal() or not 0 < int(number) <= MOST_PORT:
        raise ConfigError(f"Address {address!r} is none; write HOST:PORT, as 127.0.0.1:7612.")
    try:
        return Options(port, baud, host, int(number), name(device_id))
    except FieldError as error:
        raise ConfigError(f"Device {device_id!r}: {error}; write its id, as rd-07.") from error


@dataclass(slots=True)
class Passed:
    """Bytes of whole sentences handed on, and bytes that had to go."""

    sent: int = 0
    dropped: int = 0


class Waiting:
    """Bytes of the port; only whole sentences leave it."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._held = bytearray()

    def add(self, data: bytes) -> int:
        """How many of the oldest bytes had to go, whole sentences where there are any."""
        self._held += data
        excess = len(self._held) - self._most
        if excess <= 0:
            return 0
        end = self._held.find(b"\n", excess - 1) + 1 or excess
        del self._held[:end]
        return end

    def whole(self) -> bytes:
        return bytes(self._held[: self._held.rfind(b"\n") + 1])

    def drop(self, count: int) -> None:
        del self._held[:count]


class SerialLine:
    """Run it until stopped; port and connection are opened again when they end."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._stopping = threading.Event()
        self._waiting = Waiting()
        self._port: int | None = None
        self._link: socket.socket | None = None
        self._not_before = 0.0
        self.passed = Passed()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> Passed:
        while not self._stopping.is_set():
            self._open()
            self._read()
            self._send()
        self._close_port()
        self._close_link()
        return self.passed

    def _open(self) -> None:
        if (self._port is not None and self._link is not None) or (
            time.monotonic() < self._not_before
        ):
            return
        self._not_before = time.monotonic() + _AGAIN_S
        try:
            if self._port is None:
                self._port = open_port(self._options.port, self._options.baud)
                log.info("serial port open", port=str(self._options.port))
            if self._link is None:
                address = (self._options.host, self._options.tcp_port)
                self._link = socket.create_connection(address, _CONNECT_S)
                self._link.sendall(sentence(f"PXNID,{self._options.device_id}"))
                log.info("agent reached")
        except (OSError, termios.error) as error:
            log.warning("not open yet", why=str(error))

    def _read(self) -> None:
        ends: list[int | socket.socket] = [e for e in (self._port, self._link) if e is not None]
        if not ends:
            self._stopping.wait(_TURN_S)
            return
        readable, _, _ = select.select(ends, [], [], _TURN_S)
        if self._link in readable and self._link is not None and not self._hears():
            self._close_link()
        if self._port in readable and self._port is not None:
            try:
                data = os.read(self._port, 4096)
            except OSError:
                data = b""
            if not data:
                log.warning("serial port gone", port=str(self._options.port))
                self._close_port()
            self.passed.dropped += self._waiting.add(data)

    def _send(self) -> None:
        data = self._waiting.whole()
        if self._link is None or not data:
            return
        try:
            self._link.sendall(data)
        except OSError:
            self._close_link()  # all of it again: the same sentence counts once
            return
        self._waiting.drop(len(data))
        self.passed.sent += len(data)

    def _hears(self) -> bool:
        """False when the agent hung up; it says nothing else."""
        try:
            return self._link is not None and bool(self._link.recv(4096))
        except OSError:
            return False

    def _close_port(self) -> None:
        if self._port is not None:
            os.close(self._port)
            self._port = None

    def _close_link(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None


def open_port(path: Path, baud: int) -> int:
    """The port, raw, at so many baud. Raises OSError, termios.error."""
    port = os.open(path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tty.setraw(port, termios.TCSANOW)  # the default would throw away what has come already
        now = termios.tcgetattr(port)
        now[4] = now[5] = getattr(termios, f"B{baud}")
        termios.tcsetattr(port, termios.TCSANOW, now)
    except BaseException:
        os.close(port)
        raise
    return port


def sentence(body: str) -> bytes:
    """``$body*checksum`` and the end of line."""
    total = 0
    for byte in body.encode():
        total ^= byte
    return f"${body}*{total:02X}\r\n".encode()
