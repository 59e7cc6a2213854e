"""Addresses to listen on: read, checked, and fixed for the life of the supervisor."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, replace
from typing import Self

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


class Ports:
    """Ports kept for the parts, so that nobody else is given one between now and a restart.

    A socket is bound to each and never listens. The kernel gives a bound port to no other
    connection and to nobody who asks for any port; a part that asks for this very port may
    listen on it, as servers set SO_REUSEADDR (socket(7)).
    """

    def __init__(self) -> None:
        self._kept: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._kept:
            each.close()

    def settle(self, wanted: Address, *, option: str, any_port: bool) -> Address:
        """The address to use from now on, with a real port.

        Port 0 takes any free port; so does a taken one when nobody chose it (``any_port``).
        Raises AddressTaken.
        """
        try:
            return self._keep(wanted)
        except OSError as error:
            if any_port:
                return self._keep(replace(wanted, port=0))
            raise AddressTaken(str(wanted), option, error.strerror or str(error)) from error

    def _keep(self, address: Address) -> Address:
        kept = _bound(address)
        self._kept.append(kept)
        found = replace(address, port=kept.getsockname()[1])
        with _bound(found) as probe:  # two may be bound to a port, one of them listens
            probe.listen(1)
        return found


def _bound(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address.host, address.port))
    except BaseException:
        made.close()
        raise
    return made
