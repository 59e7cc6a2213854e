"""A site's own map tiles: fetched with the site's key, or read from a PMTiles file.

Browsers ask this server only, so the key stays here and the pages' policy stays strict. A tile
server that fails is left alone for a while: a dead one must not hold the threads of live pages.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from server.domain import pmtiles, tiles
from server.domain.errors import Missing, Unavailable
from server.domain.pmtiles import BadArchive, Entry, Header
from server.domain.tiles import TileKey
from server.map_config import PMTILES, MapSettings
from server.services.tile_cache import TileCache

MAX_TILE_BYTES = 2_000_000
FETCHES = 6
"""Asked of tile servers at once; further tiles are told to come back."""
TURN_S = 1.0
FAULTS = 4
REST_S = 30.0
"""After so many faults in a row nothing is asked for so long."""
LEAVES_KEPT = 64
CACHE_FOLDER = "tiles"


class TileBroken(Unavailable):
    """The tile server or file did not give a picture; ``why`` holds no address and no key."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This map tile is not to be had just now ({why}); the drawn map serves.")
        self.why = why


class Fetcher:
    """Tiles by HTTP, at most so many at once, with rests after faults."""

    def __init__(self, settings: MapSettings, now: Callable[[], float] = time.monotonic) -> None:
        self._client = httpx.Client(timeout=settings.timeout_s, follow_redirects=False)
        self._turns = threading.BoundedSemaphore(FETCHES)
        self._now = now
        self._faults = 0
        self._rest_until = 0.0

    def get(self, address: str) -> bytes:
        """The picture. Raises Missing where the server has none, TileBroken."""
        if self._now() < self._rest_until:
            raise TileBroken("the tile server is left alone after faults")
        if not self._turns.acquire(timeout=TURN_S):
            raise TileBroken("too many tiles are asked for at once")
        try:
            return self._fetch(address)
        finally:
            self._turns.release()

    def _fetch(self, address: str) -> bytes:
        try:
            content = self._asked(address)
        except TileBroken:
            self._faults += 1
            if self._faults >= FAULTS:
                self._rest_until = self._now() + REST_S
            raise
        self._faults = 0
        if content is None:
            raise Missing("tile", "there")
        return content

    def _asked(self, address: str) -> bytes | None:
        """The picture, or None where the server says that there is none. Raises TileBroken."""
        try:
            with self._client.stream("GET", address) as answer:
                if answer.status_code in {204, 404}:
                    return None
                if answer.status_code != 200:
                    raise TileBroken(f"the tile server answered {answer.status_code}")
                content = b""
                for piece in answer.iter_bytes():
                    content += piece
                    if len(content) > MAX_TILE_BYTES:
                        raise TileBroken("the tile is too large")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TileBroken(type(error).__name__) from None
        if tiles.picture_type(content) is None:
            raise TileBroken("the tile server sent no picture")
        return content


class Archive:
    """One PMTiles file, read in pieces; leaf directories are remembered, a bounded number."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._head: Header | None = None
        self._leaves: dict[tuple[int, int], tuple[Entry, ...]] = {}

    def get(self, tile: TileKey) -> bytes:
        """The picture. Raises Missing, TileBroken."""
        try:
            found = self._look_up(tile)
        except (OSError, BadArchive) as error:
            raise TileBroken(self.fault_words(error)) from None
        if found is None:
            raise Missing("tile", "there")
        if tiles.picture_type(found) is None:
            raise TileBroken("the PMTiles file holds no picture there")
        return found

    def fault(self) -> str:
        """Why the file cannot be used, or nothing."""
        try:
            self._header()
        except (OSError, BadArchive) as error:
            return self.fault_words(error)
        return ""

    @staticmethod
    def fault_words(error: OSError | BadArchive) -> str:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return f"the PMTiles file: {why}"

    def _look_up(self, tile: TileKey) -> bytes | None:
        head, number = self._header(), pmtiles.tile_number(tile)
        place = (head.root_offset, head.root_length)
        for _ in range(4):  # the specification's greatest depth
            entry = pmtiles.find(self._directory(head, place), number)
            if entry is None or entry.length > MAX_TILE_BYTES:
                return None
            if entry.run:
                return self._read(head.data_offset + entry.offset, entry.length)
            place = (head.leaves_offset + entry.offset, entry.length)
        raise BadArchive("has directories too deep")

    def _header(self) -> Header:
        if self._head is None:
            self._head = pmtiles.header(self._read(0, pmtiles.HEADER_BYTES))
        return self._head

    def _directory(self, head: Header, place: tuple[int, int]) -> tuple[Entry, ...]:
        with self._turn:
            if place not in self._leaves:
                if place[1] > pmtiles.MAX_DIRECTORY_BYTES:
                    raise BadArchive("has a directory that is too large")
                if len(self._leaves) >= LEAVES_KEPT:
                    self._leaves.clear()
                packed = self._read(*place)
                self._leaves[place] = pmtiles.directory(packed, gzipped=head.gzipped)
            return self._leaves[place]

    def _read(self, offset: int, length: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(offset)
            return file.read(length)


@dataclass(frozen=True, slots=True)
class Picture:
    content: bytes
    kind: str
    """Media type."""


class TileDesk:
    """All layers of one installation. ``outcome`` is told hit, fetched, missing or broken."""

    def __init__(
        self, home: Path, settings: MapSettings, outcome: Callable[[str], None] = lambda _: None
    ) -> None:
        self._settings = settings
        self._outcome = outcome
        self._cache = TileCache(
            home / CACHE_FOLDER, settings.cache_mb * 1_000_000, settings.cache_days * 86_400
        )
        self._fetcher = Fetcher(settings)
        self._archives = {
            told: Archive(home / told) for told in settings.sources() if told.endswith(PMTILES)
        }

    def picture(self, layer: int, tile: TileKey) -> Picture:
        """One tile of a layer, counted from below. Raises Missing, TileBroken."""
        sources = self._settings.sources()
        inside = self._settings.min_zoom <= tile.z <= self._settings.max_zoom
        if layer >= len(sources) or not inside or not tiles.exists(tile, self._settings.grid):
            raise Missing("tile", "there")
        try:
            content = self._content(sources[layer], tile)
        except Missing:
            self._outcome("missing")
            raise
        except TileBroken:
            self._outcome("broken")
            raise
        return Picture(content, tiles.picture_type(content) or "application/octet-stream")

    def faults(self) -> list[str]:
        """What is wrong with each layer: files are opened, servers asked for one coarse tile."""
        return [fault for told in self._settings.sources() if (fault := self._fault(told))]

    def _fault(self, told: str) -> str:
        if told in self._archives:
            return self._archives[told].fault()
        z = self._settings.min_zoom
        tile = TileKey(z, tiles.columns_of(z) * 5 // 6, tiles.rows_of(z, self._settings.grid) // 3)
        try:
            self._fetcher.get(tiles.address_of(self._settings.source(told), tile))
        except Missing:
            return ""  # it answers; it has no tiles so far from its town
        except TileBroken as error:
            return error.why
        return ""

    def _content(self, told: str, tile: TileKey) -> bytes:
        if told in self._archives:
            content = self._archives[told].get(tile)
            self._outcome("fetched")
            return content
        kept = self._cache.get(told, tile)
        if kept is not None:
            self._outcome("hit")
            return kept
        source = self._settings.source(told)
        content = self._fetcher.get(tiles.address_of(source, tile, self._settings.grid))
        self._cache.put(told, tile, content)
        self._outcome("fetched")
        return content
