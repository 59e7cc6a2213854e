"""Asking a part whether it answers, as a stranger would: one request, a short limit."""

from __future__ import annotations

import http.client
import socket
import struct

from server.supervise.address import Address

_LIMIT_S = 2.0
_CLEAN = 0x02
_NAME, _PASSWORD = 0x80, 0x40
PROBE_CLIENT = "xiaonao-probe"


def http_answers(address: Address, path: str = "/healthz") -> bool:
    """Whether ``GET path`` gives 200."""
    there = address.to_reach
    connection = http.client.HTTPConnection(there.host, there.port, timeout=_LIMIT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def tcp_fault(address: Address) -> str | None:
    """None when somebody listens there, else why not; enough where TLS hides the rest."""
    try:
        with socket.create_connection((address.host, address.port), timeout=_LIMIT_S):
            return None
    except OSError as error:
        return error.strerror or str(error) or "no answer in time"


def mqtt_fault(address: Address, username: str = "", password: str = "") -> str | None:
    """None when the broker lets us in, else why not, in words.

    Speaks MQTT 3.1.1 by hand (OASIS standard, 3.1 CONNECT and 3.2 CONNACK): one packet each way,
    so that asking needs no client library, which belongs to the edge.
    """
    there = address.to_reach
    try:
        with socket.create_connection((there.host, there.port), timeout=_LIMIT_S) as link:
            link.sendall(_connect_packet(username, password))
            answer = link.recv(4)
            link.sendall(b"\xe0\x00")  # DISCONNECT
    except OSError as error:
        return error.strerror or str(error) or "no answer in time"
    if len(answer) < 4 or answer[0] != 0x20:
        return "it does not speak MQTT"
    return None if answer[3] == 0 else f"it refused the account (code {answer[3]})"


def _connect_packet(username: str, password: str) -> bytes:
    flags = _CLEAN | (_NAME if username else 0) | (_PASSWORD if username and password else 0)
    body = _text("MQTT") + struct.pack("!BBH", 4, flags, 10) + _text(PROBE_CLIENT)
    if username:
        body += _text(username) + (_text(password) if password else b"")
    return b"\x10" + _length(len(body)) + body


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("!H", len(raw)) + raw


def _length(count: int) -> bytes:
    """Variable byte integer, MQTT 3.1.1 section 2.2.3."""
    out = bytearray()
    while True:
        count, digit = divmod(count, 128)
        out.append(digit | (0x80 if count else 0))
        if not count:
            return bytes(out)
