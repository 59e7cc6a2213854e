"""Fetched tiles on disk, bounded in bytes and age; the longest unused go first.

Several processes may share the folder: files are put in place whole, and each process counts
anew what is there before it clears.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from server.domain.tiles import TileKey

KEEP_SHARE = 0.8
"""When full, cleared down to this share, so that clearing is seldom."""
COUNT_AFTER = 0.05
"""Counted anew when this process alone has added this share of the bound."""


class TileCache:
    def __init__(self, folder: Path, max_bytes: int, max_age_s: float) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._turn = threading.Lock()
        self._added = max_bytes  # so that the first tile kept counts what is there

    def get(self, template: str, tile: TileKey) -> bytes | None:
        """The kept tile, unless too old; its use is noted."""
        path = self._path(template, tile)
        try:
            if self._age_s(path) > self._max_age_s:
                return None
            content = path.read_bytes()
        except OSError:
            return None
        with contextlib.suppress(OSError):
            os.utime(path, (time.time(), path.stat().st_mtime))
        return content

    def put(self, template: str, tile: TileKey, content: bytes) -> None:
        """Keep a tile; a full disk is no reason to show none."""
        path = self._path(template, tile)
        draft = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(content)
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            return
        with self._turn:
            self._added += len(content)
            if self._added >= self._max_bytes * COUNT_AFTER:
                self._added = 0
                self._clear()

    def bytes_kept(self) -> int:
        return sum(size for _, size, _ in self._files())

    def _clear(self) -> None:
        files = sorted(self._files())
        kept = sum(size for _, size, _ in files)
        if kept <= self._max_bytes:
            return
        for _, size, path in files:
            if kept <= self._max_bytes * KEEP_SHARE:
                return
            path.unlink(missing_ok=True)
            kept -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """``(last use, bytes, path)``."""
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(OSError):
                found = path.stat()
                yield found.st_atime, found.st_size, path

    @staticmethod
    def _age_s(path: Path) -> float:
        return time.time() - path.stat().st_mtime

    def _path(self, template: str, tile: TileKey) -> Path:
        """Folders are named by a hash of the address without its key, never by the address."""
        layer = hashlib.sha256(template.encode()).hexdigest()[:16]
        return self._folder / layer / f"{tile.z}-{tile.x}-{tile.y}"
