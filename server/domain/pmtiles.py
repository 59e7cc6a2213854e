"""PMTiles version 3 as values: the header, directories, and the number of a tile.

After the published specification (github.com/protomaps/PMTiles, spec/v3): a header of 127 bytes,
directories of variable-length numbers, tiles numbered along a Hilbert curve level by level.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from server.domain.tiles import TileKey

HEADER_BYTES = 127
MAX_DIRECTORY_BYTES = 16 * 1024 * 1024
"""A directory unpacked; real ones are far below, a bomb is not."""
MAX_ENTRIES = 1_000_000
_MAGIC = b"PMTiles\x03"
_NO_COMPRESSION, _GZIP = 1, 2
_PICTURE_KINDS = frozenset({2, 3, 4})
"""png, jpeg, webp; 1 is vector data, 5 avif."""


class BadArchive(ValueError):
    """A file that cannot be used as tiles; the message says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes tell: places in the file in bytes, levels."""

    root_offset: int
    root_length: int
    leaves_offset: int
    data_offset: int
    gzipped: bool
    min_zoom: int
    max_zoom: int


@dataclass(frozen=True, slots=True)
class Entry:
    """``run`` tiles from ``tile`` on share one place; 0 means the place holds a leaf directory."""

    tile: int
    offset: int
    length: int
    run: int


def header(content: bytes) -> Header:
    """Raises BadArchive for anything but an archive of pictures that we can read."""
    if len(content) < HEADER_BYTES or content[:8] != _MAGIC:
        raise BadArchive("is no PMTiles file of version 3")

    def number(at: int) -> int:
        return int.from_bytes(content[at : at + 8], "little")

    packing, kind = content[97], content[99]
    if packing not in {_NO_COMPRESSION, _GZIP}:
        raise BadArchive("packs its directories in a way we cannot read; use gzip or none")
    if kind not in _PICTURE_KINDS:
        raise BadArchive("holds no pictures (png, jpeg, webp); vector tiles are not drawn")
    return Header(
        root_offset=number(8),
        root_length=number(16),
        leaves_offset=number(40),
        data_offset=number(56),
        gzipped=packing == _GZIP,
        min_zoom=content[100],
        max_zoom=content[101],
    )


def tile_number(tile: TileKey) -> int:
    """The place on the Hilbert curve, after all tiles of coarser levels."""
    x, y, place = tile.x, tile.y, 0
    half = (1 << tile.z) >> 1
    while half:
        right, below = int(bool(x & half)), int(bool(y & half))
        place += half * half * ((3 * right) ^ below)
        if not below:
            if right:
                x, y = half - 1 - (x & (half - 1)), half - 1 - (y & (half - 1))
            x, y = y, x
        half >>= 1
    return ((1 << 2 * tile.z) - 1) // 3 + place


def directory(packed: bytes, *, gzipped: bool) -> tuple[Entry, ...]:
    """The entries in order of tile. Raises BadArchive."""
    numbers = _numbers(_unpacked(packed) if gzipped else packed)
    try:
        count = next(numbers)
        if count > MAX_ENTRIES:
            raise BadArchive("has a directory that is too large")
        steps, runs, lengths, offsets = (list(islice(numbers, count)) for _ in range(4))
    except StopIteration:
        raise BadArchive("has a broken directory") from None
    if len(offsets) != count:
        raise BadArchive("has a broken directory")
    return tuple(_entries(steps, runs, lengths, offsets))


def find(entries: Sequence[Entry], tile: int) -> Entry | None:
    """The entry that holds the tile or the leaf to look in next."""
    low, high = 0, len(entries)
    while low < high:
        middle = (low + high) // 2
        if entries[middle].tile <= tile:
            low = middle + 1
        else:
            high = middle
    if not low:
        return None
    found = entries[low - 1]
    return found if found.run == 0 or tile < found.tile + found.run else None


def _entries(
    steps: list[int], runs: list[int], lengths: list[int], offsets: list[int]
) -> Iterator[Entry]:
    tile = end = 0
    for step, run, length, told in zip(steps, runs, lengths, offsets, strict=True):
        tile += step
        offset = told - 1 if told else end
        end = offset + length
        yield Entry(tile, offset, length, run)


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(packed, MAX_DIRECTORY_BYTES)
    except zlib.error:
        raise BadArchive("has a directory that cannot be unpacked") from None
    if unpacker.unconsumed_tail:
        raise BadArchive("has a directory that is too large")
    return content


def _numbers(content: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in content:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield value
            value = shift = 0
