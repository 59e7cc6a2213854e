"""Tiles of a map: which there are, and the address of one. Level, column and row as in XYZ and
WMTS: level 0 is coarsest, rows count from the north.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

Grid = Literal["mercator", "geographic"]

_PLACE = re.compile(r"\{([^{}]*)\}")
_LEVEL = frozenset({"z", "TileMatrix"})
_COLUMN = frozenset({"x", "TileCol"})
_ROW = frozenset({"y", "-y", "TileRow"})
_OTHER = frozenset({"s", "key"})

PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"RIFF": "image/webp",
    b"GIF8": "image/gif",
}
"""How pictures begin; what a tile server calls them is not asked."""


@dataclass(frozen=True, slots=True)
class TileKey:
    """Level, column, row."""

    z: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class TileSource:
    """An address with places to fill in; ``key`` is secret."""

    template: str
    key: str = ""
    servers: str = "0"


def fault_of(template: str) -> str:
    """What is wrong with an address of tiles, or nothing; never quotes the address."""
    try:
        parts = urlsplit(template)
    except ValueError:
        return "is no address"
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return "must begin with http:// or https://, or end with .pmtiles"
    if "{" in parts.netloc.replace("{s}", ""):
        return "may have only {s} in the name of its server"
    named = set(_PLACE.findall(template))
    unknown = named - _LEVEL - _COLUMN - _ROW - _OTHER
    if unknown:
        return f"has the unknown place {{{min(unknown)}}}"
    if not (named & _LEVEL and named & _COLUMN and named & _ROW):
        return "needs {z}, {x} and {y}"
    return ""


def address_of(source: TileSource, tile: TileKey, grid: Grid = "mercator") -> str:
    """Where a tile is asked for; the same tile always at the same of several servers."""
    servers = source.servers or "0"
    flipped = rows_of(tile.z, grid) - 1 - tile.y
    told = {
        "z": str(tile.z),
        "x": str(tile.x),
        "y": str(tile.y),
        "TileMatrix": str(tile.z),
        "TileCol": str(tile.x),
        "TileRow": str(tile.y),
        "-y": str(flipped),
        "s": servers[(tile.x + tile.y) % len(servers)],
        "key": quote(source.key, safe=""),
    }
    return _PLACE.sub(lambda found: told[found[1]], source.template)


def columns_of(z: int) -> int:
    return 1 << z


def rows_of(z: int, grid: Grid) -> int:
    """The geographic grid (WMTS set ``c``) covers 180 of 360 degrees, so half as many rows."""
    return 1 << z if grid == "mercator" else max(1, 1 << z >> 1)


def exists(tile: TileKey, grid: Grid) -> bool:
    return 0 <= tile.x < columns_of(tile.z) and 0 <= tile.y < rows_of(tile.z, grid)


def picture_type(content: bytes) -> str | None:
    """The media type of a picture by its first bytes; None for anything else."""
    return next((kind for head, kind in PICTURES.items() if content.startswith(head)), None)
