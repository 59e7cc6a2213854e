"""A load generator: ready-made QoS 1 packets over plain sockets, as fast as the broker takes them.

Each connection keeps at most ``window`` packets unacknowledged (MQTT 3.1.1). What is measured is
the broker and whoever listens, not this program: it sends several 10,000 a second on one core.
"""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from edge.errors import BrokerUnreachable

_CONNACK, _PUBACK = 0x20, 0x40
_CHUNK = 65_536
_KEEP_ALIVE_S = 300


@dataclass(frozen=True, slots=True)
class Flooded:
    """How many the broker acknowledged, and in how many seconds."""

    acknowledged: int
    seconds: float


@dataclass(slots=True)
class _Lane:
    """One connection and the packets it still has to send."""

    sock: socket.socket
    packets: Iterator[bytes]
    window: int
    out: bytearray = field(default_factory=bytearray)
    held: bytes = b""
    underway: int = 0
    ended: bool = False

    @property
    def finished(self) -> bool:
        return self.ended and not self.out and self.underway == 0

    def fill(self, due: int) -> int:
        """Puts at most ``due`` more packets in line; how many it were."""
        taken = 0
        while taken < due and self.underway < self.window and len(self.out) < _CHUNK:
            packet = next(self.packets, None)
            if packet is None:
                self.ended = True
                break
            self.out += packet
            self.underway += 1
            taken += 1
        return taken

    def write(self) -> None:
        try:
            del self.out[: self.sock.send(self.out)]
        except BlockingIOError:
            return

    def read(self) -> int:
        """How many more are acknowledged. Raises ConnectionError when the broker is gone."""
        try:
            data = self.sock.recv(_CHUNK)
        except BlockingIOError:
            return 0
        if not data:
            raise ConnectionError("the broker closed the connection")
        count, self.held = _pubacks(self.held + data)
        self.underway -= count
        return count


def publish_packet(topic: str, payload: bytes, packet_id: int) -> bytes:
    """A PUBLISH at QoS 1, MQTT 3.1.1 section 3.3."""
    name = topic.encode()
    body = struct.pack(">H", len(name)) + name + struct.pack(">H", packet_id) + payload
    return b"\x32" + _length(len(body)) + body


def packets(messages: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The messages as packets with ids that come round after 65,535."""
    for number, (topic, payload) in enumerate(messages):
        yield publish_packet(topic, payload, number % 65_535 + 1)


def flood(
    host: str,
    port: int,
    lanes: Sequence[Iterable[tuple[str, bytes]]],
    *,
    rate: float | None = None,
    window: int = 1000,
    login: tuple[str, str] | None = None,
) -> Flooded:
    """Publishes each lane's messages over a connection of its own; ``rate`` a second in all.

    Returns when all are acknowledged. Raises BrokerUnreachable.
    """
    try:
        opened = [
            _Lane(_connect(host, port, f"flood-{time.time_ns()}-{n}", login), packets(lane), window)
            for n, lane in enumerate(lanes)
        ]
        begun = time.perf_counter()
        total = _drive(opened, rate, begun)
        seconds = time.perf_counter() - begun
    except OSError as error:
        raise BrokerUnreachable(host, port, str(error)) from error
    for lane in opened:
        lane.sock.sendall(b"\xe0\x00")
        lane.sock.close()
    return Flooded(total, seconds)


def _drive(lanes: Sequence[_Lane], rate: float | None, begun: float) -> int:
    sent = acknowledged = 0
    turn = deque(lanes)
    with selectors.DefaultSelector() as selector:
        for lane in lanes:
            selector.register(lane.sock, selectors.EVENT_READ, lane)
        while not all(lane.finished for lane in lanes):
            allowed = _CHUNK if rate is None else int((time.perf_counter() - begun) * rate) - sent
            # Another one first each time: a lane that never gets to send is cut off by the broker.
            turn.rotate(1)
            for lane in turn:
                taken = lane.fill(allowed)
                allowed -= taken
                sent += taken
                if lane.out:
                    lane.write()
            for key, _ in selector.select(0.0 if any(lane.out for lane in lanes) else 0.001):
                acknowledged += key.data.read()
    return acknowledged


def _connect(host: str, port: int, name: str, login: tuple[str, str] | None) -> socket.socket:
    sock = socket.create_connection((host, port), timeout=10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    flags, tail = 0x02, b""
    if login is not None:
        flags |= 0xC0
        tail = b"".join(struct.pack(">H", len(t.encode())) + t.encode() for t in login)
    client = name.encode()
    body = b"\x00\x04MQTT\x04" + bytes([flags]) + struct.pack(">H", _KEEP_ALIVE_S)
    body += struct.pack(">H", len(client)) + client + tail
    sock.sendall(b"\x10" + _length(len(body)) + body)
    answer = sock.recv(4)
    if len(answer) < 4 or answer[0] != _CONNACK or answer[3] != 0:
        raise ConnectionError("the broker refuses this login")
    sock.setblocking(False)
    return sock


def _length(size: int) -> bytes:
    """The remaining length, section 2.2.3."""
    out = bytearray()
    while True:
        size, byte = divmod(size, 128)
        out.append(byte | (128 if size else 0))
        if not size:
            return bytes(out)


def _pubacks(data: bytes) -> tuple[int, bytes]:
    """Whole PUBACKs in what was read (four bytes each), and what is left over."""
    whole = len(data) // 4
    return whole, data[whole * 4 :]
