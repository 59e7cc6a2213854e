"""What can go wrong on the edge.

::

    EdgeError                  a sentence that says what to do; exit 1
    ├── ConfigError            a setting is unknown or wrong; exit 2
    ├── Unreadable             a message that cannot be understood: dead letter, acknowledged
    ├── StorageFailed          the outbox did not take it: not acknowledged, try again
    │   └── OutboxFull         a bound is reached; the broker keeps what we refuse
    ├── BrokerUnreachable      no connection to the broker; a retry helps
    ├── AlreadyRunning         another agent uses this home folder
    └── UplinkError
        ├── ServerUnavailable  a retry helps (transport, 5xx, 429, refused credentials)
        └── BatchRefused       a retry does not help; split, then dead letter
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class EdgeError(Exception):
    """Base of every error this program raises on purpose."""

    exit_code = 1


class ConfigError(EdgeError):
    """A setting is unknown or wrong; the message names it and says what to write."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a message: which field, and what is wrong with it."""

    field: str
    why: str

    def __str__(self) -> str:
        return f"{self.field} {self.why}"


@dataclass(frozen=True, slots=True)
class Numbered:
    """Which message of which run of a device an unreadable one was, when that much is readable."""

    device_id: str
    boot: str
    seq: int


class Unreadable(EdgeError):
    """A message that cannot be understood, with every fault found. Never holds its content."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults
        self.numbered: Numbered | None = None

    @classmethod
    def because(cls, field: str, why: str) -> Unreadable:
        return cls((Fault(field, why),))


class StorageFailed(EdgeError):
    """The outbox could not store; nothing was acknowledged."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"The outbox {path} did not store ({why}); check disk space and rights.")
        self.path = path


class OutboxFull(StorageFailed):
    """A bound of the outbox is reached."""

    def __init__(self, path: Path, *, rows: int, stored_bytes: int) -> None:
        super().__init__(
            path,
            f"full with {rows} messages and {stored_bytes} bytes; "
            "bring the server back or raise edge.outbox_rows or edge.outbox_bytes",
        )
        self.rows = rows
        self.stored_bytes = stored_bytes


class BrokerUnreachable(EdgeError):
    """No connection to the broker."""

    def __init__(self, host: str, port: int, why: str) -> None:
        super().__init__(f"No connection to the broker {host}:{port} ({why}); check mqtt.url.")
        self.host = host
        self.port = port


class AlreadyRunning(EdgeError):
    """Another agent uses this home folder."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"An edge agent runs on {home} already; stop it or give --home another.")


class UplinkError(EdgeError):
    """The server did not take a batch."""


class ServerUnavailable(UplinkError):
    """The server cannot take anything now; the messages stay and are tried again."""

    def __init__(
        self, why: str, *, status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"The server took nothing ({why}); the messages wait in the outbox.")
        self.why = why
        self.status = status
        self.retry_after_s = retry_after_s


class BatchRefused(UplinkError):
    """The server calls this batch malformed."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(f"The server refused a batch with {status} ({why}).")
        self.status = status
        self.why = why
