"""Masked pictures on their way to the server: files that survive a restart, at most so many.

The oldest goes when there are too many, and is counted: pictures wait for nothing and nothing
waits for them.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path

import httpx
import structlog

from edge.encoding import stamp
from edge.frames import Kept

log = structlog.get_logger("edge.pictures")

FOLDER = "pictures"
MAX_WAITING = 200
_PAUSE_S = 1.0
_PAUSE_MAX_S = 30.0
_KEEP_TRYING = frozenset({401, 403, 408, 409, 425, 429})


@dataclass(slots=True)
class Tally:
    uploaded: int = 0
    refused: int = 0
    dropped: int = 0


class PictureSpool:
    """``keep`` from one thread, ``run`` in another."""

    def __init__(self, home: Path, client: httpx.Client, *, device_id: str, signer: str) -> None:
        self._folder = home / FOLDER / device_id
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._client = client
        self._device_id = device_id
        self._signer = signer
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self.tally = Tally()

    def keep(self, kept: Kept) -> None:
        headers = {
            "X-Device": self._device_id,
            "X-Taken-At": stamp(kept.taken_at),
            "X-Size": f"{kept.width}x{kept.height}",
            "X-Faces-Masked": "true",
            "X-Signature": kept.signature,
            "X-Signer": self._signer,
            "X-Quality": ",".join(
                name
                for name in ("dark", "blurred", "covered", "frozen")
                if getattr(kept.quality, name)
            ),
        }
        at = f"{int(kept.taken_at.timestamp() * 1000):015d}"
        draft = self._folder / f".{kept.sha256}"
        draft.write_bytes(json.dumps(headers).encode() + b"\n" + kept.jpeg)
        draft.replace(self._folder / f"{at}-{kept.sha256}.picture")
        for path in self.waiting()[:-MAX_WAITING]:
            path.unlink(missing_ok=True)
            self.tally.dropped += 1
        self._wake.set()

    def waiting(self) -> list[Path]:
        """Oldest first."""
        return sorted(self._folder.glob("*.picture"))

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Uploads until stopped; what cannot go now stays."""
        failures = 0
        while not self._stopping.is_set():
            self._wake.wait(_PAUSE_S)
            self._wake.clear()
            for path in self.waiting():
                if self._stopping.is_set() or not self.upload(path):
                    break
                failures = 0
            else:
                continue
            failures += 1
            self._stopping.wait(min(_PAUSE_MAX_S, _PAUSE_S * 2.0 ** min(failures, 6)))

    def upload(self, path: Path) -> bool:
        """False when the server cannot take it now. What it refuses for good is let go."""
        first, _, jpeg = path.read_bytes().partition(b"\n")
        sha256 = path.stem.rpartition("-")[2]
        try:
            answer = self._client.post(
                f"/api/v1/frames/{sha256}",
                content=jpeg,
                headers=json.loads(first) | {"Content-Type": "image/jpeg"},
            )
        except httpx.HTTPError:
            return False
        if answer.status_code >= 500 or answer.status_code in _KEEP_TRYING:
            return False
        self.tally.uploaded += answer.is_success
        self.tally.refused += not answer.is_success
        if not answer.is_success:
            log.error("picture refused", status=answer.status_code)
        path.unlink(missing_ok=True)
        return True
