"""A serial port's sentences reach the agent's listener, through a real pair of terminals."""

from __future__ import annotations

import os
import socket
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.protocols.nmea import device_told
from edge.serial_line import Options, SerialLine, Waiting, sentence

RMC = b"$GPRMC,040107.00,A,3151.6567,N,11714.4833,E,0,0,150613,,,A*56\r\n"


class Port:
    """A serial port with somebody at its other end."""

    def __init__(self) -> None:
        self.far, self._near = os.openpty()
        tty.setraw(self.far)
        self.path = Path(os.ttyname(self._near))

    def say(self, data: bytes) -> None:
        os.write(self.far, data)

    def close(self) -> None:
        os.close(self.far)
        os.close(self._near)


@pytest.fixture
def port() -> Iterator[Port]:
    made = Port()
    yield made
    made.close()


@pytest.fixture
def agent_end() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(20)
        yield listening


@pytest.fixture
def line(port: Port, agent_end: socket.socket) -> Iterator[SerialLine]:
    made = SerialLine(Options(port.path, 9600, "127.0.0.1", agent_end.getsockname()[1], "rd-07"))
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop()
    thread.join(10)
    assert not thread.is_alive()


def heard(connection: socket.socket, count: int) -> bytes:
    connection.settimeout(20)
    found = b""
    while len(found) < count:
        more = connection.recv(4096)
        assert more
        found += more
    return found


def test_whose_it_is_and_then_whole_sentences(
    port: Port, agent_end: socket.socket, line: SerialLine
) -> None:
    first, _ = agent_end.accept()
    hello = sentence("PXNID,rd-07")
    assert hello == b"$PXNID,rd-07*5B\r\n"
    assert device_told(hello.strip()) == "rd-07"
    assert heard(first, len(hello)) == hello
    port.say(RMC + RMC[:20])
    assert heard(first, len(RMC)) == RMC, "the half waits for its end"
    first.close()
    port.say(RMC[20:])
    second, _ = agent_end.accept()
    assert heard(second, len(hello)).startswith(hello), "said again on a new connection"
    second.close()


def test_what_comes_while_the_agent_is_away_waits(
    port: Port, agent_end: socket.socket, line: SerialLine, until: Any
) -> None:
    first, _ = agent_end.accept()
    heard(first, 10)
    where = agent_end.getsockname()
    agent_end.close()
    first.close()
    until(lambda: line._link is None, what="the agent is known to be away")
    port.say(RMC * 3)
    with socket.create_server(where) as again:
        again.settimeout(20)
        second, _ = again.accept()
        told = heard(second, len(sentence("PXNID,rd-07")) + 3 * len(RMC))
        assert told == sentence("PXNID,rd-07") + RMC * 3
        second.close()


def test_what_waits_is_bounded_and_loses_the_oldest_whole() -> None:
    waiting = Waiting(most=25)
    assert waiting.add(b"aaaaaaaa\nbbbbbbbb\n") == 0
    assert waiting.add(b"cccccccc\ndd") == 9
    assert waiting.whole() == b"bbbbbbbb\ncccccccc\n"
    waiting.drop(18)
    assert waiting.whole() == b""
    assert waiting.add(b"d" * 30) == 7
