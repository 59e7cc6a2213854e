"""Who works in a home folder: one supervisor at most, and a restore only when nobody does."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.supervise.errors import HomeInUse

RUN_FOLDER = "run"
_ADDRESSES = "up.json"


def run_folder(home: Path) -> Path:
    """``HOME/run``: locks and sealed secrets of running parts, for the owner's eyes only."""
    folder = home / RUN_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def supervising(home: Path) -> Iterator[None]:
    """Held by ``up``. Raises HomeInUse when another ``up`` holds it."""
    with _locked(home, "up.lock", fcntl.LOCK_EX):
        yield


@contextmanager
def working(home: Path) -> Iterator[None]:
    """Held by every part that uses the home folder; many may at once."""
    with _locked(home, "parts.lock", fcntl.LOCK_SH):
        yield


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Held by a restore: no supervisor and no part may be running."""
    with _locked(home, "up.lock", fcntl.LOCK_EX), _locked(home, "parts.lock", fcntl.LOCK_EX):
        yield


def note_running(home: Path, where: dict[str, str]) -> None:
    """Leave the addresses of a running installation for whoever asks how it is."""
    (run_folder(home) / _ADDRESSES).write_text(json.dumps(where), "utf-8")


def running_at(home: Path) -> dict[str, str] | None:
    """What ``note_running`` left, while a supervisor holds its lock; else None."""
    path = home / RUN_FOLDER / _ADDRESSES
    if not path.exists():
        return None
    try:
        with supervising(home):
            return None
    except HomeInUse:
        return dict(json.loads(path.read_text("utf-8")))


@contextmanager
def _locked(home: Path, name: str, kind: int) -> Iterator[None]:
    descriptor = os.open(run_folder(home) / name, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except OSError as error:
            raise HomeInUse(home, file.read().strip() or "unknown") from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield
