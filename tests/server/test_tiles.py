"""Tiles of a site's own map: addresses, PMTiles, the bounded cache, servers that fail."""

from __future__ import annotations

import gzip
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from server.domain import pmtiles
from server.domain.errors import Missing
from server.domain.pmtiles import BadArchive
from server.domain.tiles import TileKey, TileSource, address_of, exists, fault_of, picture_type
from server.map_config import MapSettings
from server.services import tiles
from server.services.tile_cache import TileCache
from server.services.tiles import Fetcher, TileBroken, TileDesk

PNG = b"\x89PNG\r\n\x1a\n" + b"made up"
SECRET = "made-up-key/+"


class TileServer:
    """A tile server on loopback that answers as told and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, PNG
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[TileServer]:
    made = TileServer()
    yield made
    made.close()


def settings(tiles: str, **fields: object) -> MapSettings:
    return MapSettings.model_validate(
        {"tiles": tiles, "attribution": "made up", "key": SECRET} | fields
    )


def test_addresses_as_tile_servers_want_them() -> None:
    wmts = "https://t{s}.site.invalid/vec_w/wmts?TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&tk={key}"
    source = TileSource(wmts, SECRET, "01")
    told = "https://t1.site.invalid/vec_w/wmts?TILEMATRIX=12&TILEROW=1763&TILECOL=3424"
    assert address_of(source, TileKey(12, 3424, 1763)) == f"{told}&tk=made-up-key%2F%2B"
    rest = TileSource("https://site.invalid/{TileMatrix}/{TileRow}/{TileCol}.png")
    assert address_of(rest, TileKey(3, 1, 2)) == "https://site.invalid/3/2/1.png"
    tms = TileSource("https://site.invalid/{z}/{x}/{-y}.png")
    assert address_of(tms, TileKey(3, 1, 2)) == "https://site.invalid/3/1/5.png"
    assert exists(TileKey(1, 1, 0), "geographic")
    assert not exists(TileKey(1, 1, 1), "geographic")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("ftp://site.invalid/{z}/{x}/{y}", "http"),
        ("file:///etc/{z}/{x}/{y}", "http"),
        ("https://site.invalid/{z}/{x}", "needs"),
        ("https://site.invalid/{z}/{x}/{y}?{who}", "{who}"),
        ("https://{key}.invalid/{z}/{x}/{y}", "{s}"),
    ],
)
def test_a_wrong_address_is_refused_at_start_without_quoting_it(template: str, why: str) -> None:
    assert why in fault_of(template)
    with pytest.raises(ValidationError, match="tiles"):
        settings(template)


def test_tiles_without_a_word_of_whose_they_are_are_refused() -> None:
    with pytest.raises(ValidationError, match="attribution"):
        settings("https://site.invalid/{z}/{x}/{y}", attribution="")


def test_the_key_is_no_part_of_what_settings_print() -> None:
    assert SECRET not in repr(settings("https://site.invalid/{z}/{x}/{y}?k={key}"))


def test_a_tile_is_fetched_once_with_the_key_and_kept_without(
    server: TileServer, tmp_path: Path
) -> None:
    outcomes: list[str] = []
    told = settings(server.url + "/{z}/{x}/{y}?tk={key}")
    desk = TileDesk(tmp_path, told, outcomes.append)
    for _ in range(2):
        picture = desk.picture(0, TileKey(12, 3, 4))
        assert (picture.content, picture.kind) == (PNG, "image/png")
    assert server.asked == ["/12/3/4?tk=made-up-key%2F%2B"]
    assert outcomes == ["fetched", "hit"]
    kept = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")]
    assert all("made-up-key" not in name for name in kept)
    for outside in (TileKey(2, 0, 0), TileKey(12, 4096, 0)):
        with pytest.raises(Missing):
            desk.picture(0, outside)
    assert len(server.asked) == 1


def test_what_is_no_picture_is_neither_shown_nor_kept(server: TileServer, tmp_path: Path) -> None:
    server.body = b"<html>quota used up</html>"
    desk = TileDesk(tmp_path, settings(server.url + "/{z}/{x}/{y}"))
    with pytest.raises(TileBroken, match="no picture"):
        desk.picture(0, TileKey(5, 1, 1))
    assert list(tmp_path.rglob("5-*")) == []
    server.status = 404
    with pytest.raises(Missing):
        desk.picture(0, TileKey(5, 1, 1))


def test_a_failing_server_is_left_alone_and_asked_again_later(server: TileServer) -> None:
    now = [0.0]
    fetcher = Fetcher(settings(server.url + "/{z}/{x}/{y}"), lambda: now[0])
    server.status = 500
    for _ in range(tiles.FAULTS + 3):
        with pytest.raises(TileBroken):
            fetcher.get(f"{server.url}/1/1/1")
    assert len(server.asked) == tiles.FAULTS
    server.status = 200
    now[0] = tiles.REST_S + 1
    assert fetcher.get(f"{server.url}/1/1/1") == PNG


def test_a_check_up_asks_each_layer(server: TileServer, tmp_path: Path) -> None:
    desk = TileDesk(tmp_path, settings(server.url + "/{z}/{x}/{y}", overlay="names.pmtiles"))
    assert ["No such file" in fault for fault in desk.faults()] == [True]
    server.status = 403
    assert "answered 403" in desk.faults()[0]


def test_an_unreachable_server_says_so_without_its_address() -> None:
    fetcher = Fetcher(settings("http://127.0.0.1:9/{z}/{x}/{y}"))
    with pytest.raises(TileBroken) as caught:
        fetcher.get("http://127.0.0.1:9/1/1/1?tk=made-up-key")
    assert "127.0.0.1" not in str(caught.value)
    assert "made-up-key" not in str(caught.value)


def test_the_cache_stays_within_its_bound_and_drops_what_was_not_used(tmp_path: Path) -> None:
    cache = TileCache(tmp_path, max_bytes=10_000, max_age_s=1000)
    for x in range(40):
        cache.put("a", TileKey(9, x, 0), b"x" * 1000)
        path = next(tmp_path.rglob(f"9-{x}-0"))
        os.utime(path, (1_000 + x, path.stat().st_mtime))
        if x == 5:
            used = path
        if x >= 5:
            os.utime(used, (9_000, used.stat().st_mtime))
    assert cache.bytes_kept() <= 10_000
    assert cache.get("a", TileKey(9, 39, 0)) is not None
    assert cache.get("a", TileKey(9, 5, 0)) is not None
    assert cache.get("a", TileKey(9, 0, 0)) is None
    assert cache.get("b", TileKey(9, 39, 0)) is None


def test_an_old_tile_is_asked_for_again(tmp_path: Path) -> None:
    cache = TileCache(tmp_path, max_bytes=10_000, max_age_s=100)
    cache.put("a", TileKey(9, 1, 1), PNG)
    path = next(tmp_path.rglob("9-1-1"))
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 101))
    assert cache.get("a", TileKey(9, 1, 1)) is None


def test_tile_numbers_as_the_specification_gives_them() -> None:
    told = {(0, 0, 0): 0, (1, 0, 0): 1, (1, 0, 1): 2, (1, 1, 1): 3, (1, 1, 0): 4, (2, 0, 0): 5}
    told[12, 3423, 1763] = 19078479
    for (z, x, y), number in told.items():
        assert pmtiles.tile_number(TileKey(z, x, y)) == number


@given(st.integers(1, 6))
def test_the_curve_visits_each_tile_once_step_by_step(z: int) -> None:
    side = range(1 << z)
    order = sorted((pmtiles.tile_number(TileKey(z, x, y)), x, y) for x in side for y in side)
    first = (4**z - 1) // 3
    assert [number for number, _, _ in order] == list(range(first, first + 4**z))
    steps = [abs(b[1] - a[1]) + abs(b[2] - a[2]) for a, b in pairwise(order)]
    assert set(steps) == {1}


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def packed(entries: list[tuple[int, int, int, int]]) -> bytes:
    """A directory of ``(tile, run, length, offset)``."""
    last, steps = 0, []
    for tile, *_ in entries:
        steps.append(tile - last)
        last = tile
    columns = [steps, *([e[n] for e in entries] for n in (1, 2)), [e[3] + 1 for e in entries]]
    body = varint(len(entries)) + b"".join(varint(n) for column in columns for n in column)
    return gzip.compress(body)


def archive(path: Path, *, kind: int = 2) -> Path:
    """Tiles of level 3 in a leaf, two that share one picture, and level 0 in the root."""
    number = pmtiles.tile_number(TileKey(3, 4, 2))
    leaf = packed([(number, 2, len(PNG), 0)])
    root = packed([(0, 1, len(PNG), 0), (number, 0, len(leaf), 0)])
    leaves_at = 127 + len(root)
    data_at = leaves_at + len(leaf)
    numbers = [127, len(root), 0, 0, leaves_at, len(leaf), data_at, len(PNG), 0, 0, 0]
    head = b"PMTiles\x03" + b"".join(n.to_bytes(8, "little") for n in numbers)
    head += bytes([1, 2, 1, kind, 0, 3])
    path.write_bytes(head.ljust(127, b"\0") + root + leaf + PNG)
    return path


def test_a_pmtiles_file_is_read_through_its_leaves(tmp_path: Path) -> None:
    archive(tmp_path / "town.pmtiles")
    desk = TileDesk(tmp_path, settings("town.pmtiles", min_zoom=0))
    assert desk.faults() == []
    assert desk.picture(0, TileKey(0, 0, 0)).content == PNG
    assert desk.picture(0, TileKey(3, 4, 2)).kind == "image/png"
    with pytest.raises(Missing):
        desk.picture(0, TileKey(3, 0, 7))
    with pytest.raises(Missing):
        desk.picture(1, TileKey(0, 0, 0))


def test_a_file_that_cannot_serve_says_why(tmp_path: Path) -> None:
    (tmp_path / "torn.pmtiles").write_bytes(b"PMTiles\x03")
    archive(tmp_path / "vector.pmtiles", kind=1)
    for name, why in (("torn", "version 3"), ("vector", "vector"), ("absent", "No such file")):
        desk = TileDesk(tmp_path, settings(f"{name}.pmtiles", min_zoom=0))
        assert why in desk.faults()[0]
        with pytest.raises(TileBroken, match=why):
            desk.picture(0, TileKey(0, 0, 0))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_directory_or_a_bad_one(content: bytes) -> None:
    for gzipped in (True, False):
        try:
            entries = pmtiles.directory(content, gzipped=gzipped)
        except BadArchive:
            continue
        assert len(entries) <= pmtiles.MAX_ENTRIES


def test_pictures_are_known_by_their_first_bytes() -> None:
    assert picture_type(PNG) == "image/png"
    assert picture_type(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert picture_type(b"<svg onload=alert(1)>") is None
