"""What can go wrong while running everything on one machine.

SuperviseError          one sentence that says what to do
├── HomeInUse           another process works in this home folder
├── AddressTaken        somebody else listens there
├── BadAddress          not HOST:PORT
├── BrokerMissing       no broker can be run here
├── DemoExposed         known passwords would face a network
└── PartFailed          a part does not come up
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class SuperviseError(Exception):
    wrong_use: ClassVar[bool] = True
    """Exit code 2 when the caller can mend it by calling differently, else 1."""


class HomeInUse(SuperviseError):
    def __init__(self, home: Path, holder: str) -> None:
        super().__init__(
            f"The home folder {home} is in use by process {holder}; stop it or take another --home."
        )


class AddressTaken(SuperviseError):
    def __init__(self, address: str, option: str, why: str) -> None:
        super().__init__(
            f"Cannot listen on {address} ({why}); choose another with {option} HOST:PORT, "
            "port 0 takes any free one."
        )


class BadAddress(SuperviseError):
    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is no address; write HOST:PORT, for example 127.0.0.1:8000.")


class BrokerMissing(SuperviseError):
    def __init__(self, why: str) -> None:
        super().__init__(f"{why}; install mosquitto or name a running broker in mqtt.url.")


class DemoExposed(SuperviseError):
    def __init__(self, host: str) -> None:
        super().__init__(
            f"This home has demo accounts with a known password, so it will not listen on {host}; "
            "listen on 127.0.0.1, take a home without --demo, or set XIAONAO_DEMO_ANYWHERE=1."
        )


class PartFailed(SuperviseError):
    wrong_use = False

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"The {name} does not come up: {why}; its own lines above say more.")
