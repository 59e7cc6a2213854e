"""Addresses to listen on: read, checked, and fixed for the life of the supervisor."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, replace

from server.supervise.errors import AddressTaken, BadAddress


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def to_reach(self) -> Address:
        """Where a client on this machine connects: a wildcard host becomes loopback."""
        loopback = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared
        return replace(self, host=loopback.get(self.host, self.host))


def parse(text: str) -> Address:
    """``HOST:PORT`` or ``[V6]:PORT``. Raises BadAddress."""
    host, mark, port = text.rpartition(":")
    if not mark or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise BadAddress(text)
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def settle(wanted: Address, *, option: str, any_port: bool) -> Address:
    """The address to use from now on, with a real port.

    Port 0 takes any free port; so does a taken one when nobody chose it (``any_port``).
    Raises AddressTaken.
    """
    try:
        return _bound(wanted)
    except OSError as error:
        if any_port:
            return _bound(replace(wanted, port=0))
        raise AddressTaken(str(wanted), option, error.strerror or str(error)) from error


def _bound(address: Address) -> Address:
    """Bind once to see that it works and which port it is; children bind it again."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address.host, address.port))
        probe.listen(1)
        return replace(address, port=probe.getsockname()[1])
