"""A site's own map in the browser: in its place, with its maker's name, and what comes when not."""

from __future__ import annotations

import math
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from edge.datum import from_wgs84, to_wgs84
from server.map_config import MapSettings
from server.office import Office

Opener = Callable[..., Any]
Filer = Callable[..., str]
SIDE = 256
WHITE, RED = b"\xff\xff\xff", b"\xe0\x10\x10"
DOT_M = 60
KEY = "made-up-key"


def png(rows: list[bytes]) -> bytes:
    """A picture of 256 by 256 pixels, three bytes each."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        told = struct.pack(">I", len(body)) + kind + body
        return told + struct.pack(">I", zlib.crc32(kind + body))

    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def place(z: int, lat: float, lon: float) -> tuple[float, float]:
    """Column and row of EPSG:3857, with fractions."""
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return (lon + 180) / 360 * 2**z, row * 2**z


@dataclass
class Tiles:
    """A tile server in GCJ-02 that paints everything white and one place red."""

    lat: float
    lon: float
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def picture(self, z: int, x: int, y: int) -> bytes:
        lat, lon = from_wgs84(self.lat, self.lon, "GCJ-02")
        column, row = place(z, lat, lon)
        mx, my = (column - x) * SIDE, (row - y) * SIDE
        metre_px = SIDE * 2**z / (40075016.7 * math.cos(math.radians(lat)))
        reach = max(1.5, DOT_M * metre_px)
        rows = []
        for py in range(SIDE):
            inside = abs(py + 0.5 - my) < reach
            left, right = max(0, round(mx - reach)), min(SIDE, round(mx + reach))
            line = WHITE * SIDE
            if inside and left < right:
                line = WHITE * left + RED * (right - left) + WHITE * (SIDE - right)
            rows.append(line)
        return png(rows)


@pytest.fixture
def tiles(office: Office) -> Iterator[Tiles]:
    at = office.district.points[0].at
    made = Tiles(at.lat, at.lon)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            z, x, y = (int(part) for part in self.path.split("?")[0].split("/")[1:])
            body = made.picture(z, x, y) if made.status == 200 else b""
            self.send_response(made.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    told = MapSettings.model_validate(
        {
            "tiles": f"http://127.0.0.1:{server.server_address[1]}/{{z}}/{{x}}/{{y}}?tk={{key}}",
            "key": KEY,
            "crs": "GCJ-02",
            "attribution": "编造的地图 GS(0000)0号",
            "darken": False,
        }
    )
    object.__setattr__(office, "settings", office.settings.model_copy(update={"map": told}))
    yield made
    server.shutdown()
    server.server_close()


COLOUR = """async ([lat, lon]) => {
  const { Projection } = await import("/static/js/map/projection.js");
  const district = await (await fetch("/district.json")).json();
  const host = document.querySelector("[data-map]");
  const projection = new Projection(district.outline);
  projection.size = { width: host.clientWidth, height: host.clientHeight };
  const unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
  projection.fit(20 * unit, 44 * unit);
  const [x, y] = projection.pixels(lat, lon);
  const one = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  one.drawImage(host.querySelector("canvas"), -Math.round(x), -Math.round(y));
  return [...one.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}"""


def credit(page: Page) -> Any:
    return page.locator("[data-map] .credit")


def wait_for_colour(page: Page, spot: list[float], wanted: list[int]) -> None:
    seen: list[int] = []
    for _ in range(200):
        seen = page.evaluate(COLOUR, spot)
        if seen == wanted:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"at {spot} the map is {seen}, not {wanted}")


def test_tiles_of_another_datum_lie_under_the_points(tiles: Tiles, look: Opener) -> None:
    page = look("zhihui", 1280, 900).open("/")
    wait_for_colour(page, [tiles.lat, tiles.lon], list(RED))
    shifted = from_wgs84(tiles.lat, tiles.lon, "GCJ-02")
    wait_for_colour(page, list(shifted), list(WHITE))  # 500 m off: where it lay without the shift
    expect(credit(page)).to_have_text("编造的地图 GS(0000)0号")
    assert all(f"tk={KEY}" in path for path in tiles.asked)
    assert KEY not in page.content()
    assert len(tiles.asked) == len(set(tiles.asked))


def test_a_broken_tile_server_leaves_the_drawn_map_and_says_so(tiles: Tiles, look: Opener) -> None:
    tiles.status = 500
    seen = look("zhihui", 1280, 900)
    page = seen.open("/")
    expect(credit(page)).to_have_attribute("data-state", "none")
    expect(credit(page)).to_have_text("△ 瓦片底图暂不可用，现为离线底图")
    assert page.evaluate(COLOUR, [tiles.lat, tiles.lon]) not in (list(RED), list(WHITE), [0, 0, 0])
    expect(page.locator(".marks li.unit")).to_have_count(2)
    assert len(tiles.asked) < 12  # a server that fails is left alone
    page.goto("about:blank")  # what is on its way ends here
    seen.faults.clear()  # the browser notes each 503


def test_the_case_map_has_the_tiles_too(tiles: Tiles, file: Filer, look: Opener) -> None:
    case_id = file()
    page = look("zhihui").open(f"/console?case={case_id}")
    expect(page.locator(".casemap .credit")).to_have_text("编造的地图 GS(0000)0号")
    expect(page.locator(".casemap .credit")).to_have_attribute("data-state", "here")


def test_without_tiles_of_its_own_a_map_names_nobody(look: Opener) -> None:
    page = look("zhihui").open("/")
    expect(page.locator(".marks li.unit")).to_have_count(2)
    expect(credit(page)).to_have_count(0)


def test_the_browser_shifts_as_the_server_does(look: Opener) -> None:
    page = look("zhihui").open("/")
    places = [[30.42, 120.3], [22.5, 114.05], [43.8, 87.6], [10.0, 20.0]]
    script = """async (places) => {
      const { toGcj02, fromGcj02 } = await import("/static/js/map/datum.js");
      return places.map((place) => [toGcj02(...place), fromGcj02(...place)]);
    }"""
    for (lat, lon), (there, back) in zip(places, page.evaluate(script, places), strict=True):
        assert there == pytest.approx(from_wgs84(lat, lon, "GCJ-02"), abs=1e-9)
        assert back == pytest.approx(to_wgs84(lat, lon, "GCJ-02"), abs=1e-9)
