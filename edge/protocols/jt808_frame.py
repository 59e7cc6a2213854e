"""JT/T 808-2013 and -2019 on the wire: frames, escapes, checksum, header.

``7E | escaped(header + body + XOR) | 7E``; inside, ``7D 02`` stands for 7E and ``7D 01`` for 7D.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import xor

from edge.errors import Unreadable

FLAG = b"\x7e"
KNOWN_VERSION = 1
MAX_SERIAL = 0x10000

_LENGTH_BITS = 0x03FF
_PARTS_BIT = 1 << 13
_VERSION_BIT = 1 << 14
_PHONE_BYTES_2013 = 6
_PHONE_BYTES_2019 = 10


@dataclass(frozen=True, slots=True)
class Part:
    """Which of how many sub-packets; ``index`` counts from 1."""

    total: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """``phone`` has its padding zeros cut off. ``version`` is None before 2019.

    ``encryption`` holds the three bits of the attributes, 0 for clear text.
    """

    message_id: int
    phone: str
    serial: int
    version: int | None = None
    encryption: int = 0
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """``doubt``: ``bad_length`` when the length field disagrees with the body (the body is
    taken as it came), ``bad_escape``, ``bad_phone`` when the number is not made of digits."""

    header: Header
    body: bytes
    doubt: tuple[str, ...] = ()


class Splitter:
    """Cuts a stream into frames, whatever the pieces it arrives in.

    A frame comes out with its flags. What came before the first flag, and the first ``max_bytes``
    of what grew too long, come out without one of them, so that ``decode`` refuses them by name.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = bytearray()
        self._begun = False
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        out: list[bytes] = []
        for number, piece in enumerate(data.split(FLAG)):
            if number:
                self._flag(out)
            self._grow(piece, out)
        return out

    def rest(self) -> bytes:
        """What was begun and did not end."""
        held = bytes(self._held)
        self._held.clear()
        return self._opening + held if held else b""

    @property
    def _opening(self) -> bytes:
        return FLAG if self._begun else b""

    def _flag(self, out: list[bytes]) -> None:
        if self._held:
            out.append(self._opening + bytes(self._held) + FLAG)
            self._held.clear()
        self._begun = True
        self._skipping = False

    def _grow(self, piece: bytes, out: list[bytes]) -> None:
        if self._skipping:
            return
        self._held += piece[: self._max_bytes + 1]
        if len(self._held) > self._max_bytes:
            out.append(self._opening + bytes(self._held[: self._max_bytes]))
            self._held.clear()
            self._skipping = True


def split(payload: bytes) -> list[bytes]:
    """The frames of a payload that holds whole ones, and what is left over."""
    splitter = Splitter(len(payload))
    found = splitter.feed(payload)
    rest = splitter.rest()
    return [*found, rest] if rest else found


def escape(raw: bytes) -> bytes:
    return raw.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")


def unescape(wire: bytes) -> bytes:
    """An escape nobody knows stays as it is; the checksum then decides."""
    return wire.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")


def checksum(raw: bytes) -> int:
    """XOR of all bytes."""
    return reduce(xor, raw, 0)


def decode(wire: bytes) -> Frame:
    """The frame between its two flags. Raises Unreadable."""
    if len(wire) < 3 or wire[:1] != FLAG or wire[-1:] != FLAG:
        raise Unreadable.because("frame", "does not begin and end with 7E, or is too long")
    inside = wire[1:-1]
    raw = unescape(inside)
    if checksum(raw):
        raise Unreadable.because("checksum", "is wrong")
    known_escapes = inside.count(b"\x7d\x01") + inside.count(b"\x7d\x02")
    odd = ("bad_escape",) if inside.count(b"\x7d") != known_escapes else ()
    frame = _header_and_body(raw[:-1])
    return replace(frame, doubt=odd + frame.doubt)


def peek(wire: bytes) -> Header | None:
    """What the header of a frame seems to say, whatever its checksum; None where it has none."""
    try:
        return _header_and_body(unescape(wire.strip(FLAG))[:-1]).header
    except Unreadable:
        return None


def encode(header: Header, body: bytes) -> bytes:
    """The frame on the wire with its flags; ``body`` at most 1023 bytes."""
    if len(body) > _LENGTH_BITS:
        raise ValueError("a frame's body holds at most 1023 bytes; send it in parts")
    new = header.version is not None
    attributes = len(body) | header.encryption << 10
    attributes |= _VERSION_BIT if new else 0
    attributes |= _PARTS_BIT if header.part else 0
    raw = struct.pack(">HH", header.message_id, attributes)
    raw += bytes([header.version]) if header.version is not None else b""
    width = _PHONE_BYTES_2019 if new else _PHONE_BYTES_2013
    raw += bytes.fromhex(header.phone.rjust(2 * width, "0"))
    raw += struct.pack(">H", header.serial)
    raw += struct.pack(">HH", header.part.total, header.part.index) if header.part else b""
    raw += body
    return FLAG + escape(raw + bytes([checksum(raw)])) + FLAG


def join(frames: Sequence[Frame]) -> Frame:
    """The message whose sub-packets these are, in any order. Raises Unreadable.

    A message that is no sub-packet stands for itself.
    """
    if not frames:
        raise Unreadable.because("frame", "is missing")
    first = frames[0]
    if len(frames) == 1 and first.header.part is None:
        return first
    bodies: dict[int, bytes] = {}
    for frame in frames:
        if parts_key(frame.header) != parts_key(first.header):
            raise Unreadable.because("parts", "are not of one message")
        bodies[frame.header.part.index if frame.header.part else 0] = frame.body
    total = first.header.part.total if first.header.part else 0
    if sorted(bodies) != list(range(1, total + 1)):
        raise Unreadable.because("parts", "are not complete")
    doubt = dict.fromkeys(reason for frame in frames for reason in frame.doubt)
    whole = b"".join(bodies[index] for index in sorted(bodies))
    return Frame(replace(first.header, part=None), whole, tuple(doubt))


def parts_key(header: Header) -> tuple[str, int, int, int]:
    """What the sub-packets of one message have in common: number, id, first serial, total.

    Sub-packets have consecutive serials.
    """
    part = header.part or Part(0, 0)
    first_serial = (header.serial - part.index) % MAX_SERIAL
    return header.phone, header.message_id, first_serial, part.total


def _header_and_body(raw: bytes) -> Frame:
    if len(raw) < 4:
        raise _too_short()
    message_id, attributes = struct.unpack_from(">HH", raw)
    new = bool(attributes & _VERSION_BIT)
    width = _PHONE_BYTES_2019 if new else _PHONE_BYTES_2013
    phone_at = 5 if new else 4
    body_at = phone_at + width + (6 if attributes & _PARTS_BIT else 2)
    if len(raw) < body_at:
        raise _too_short()
    phone = raw[phone_at : phone_at + width].hex()
    header = Header(
        message_id=message_id,
        phone=phone.lstrip("0") or "0",
        serial=struct.unpack_from(">H", raw, phone_at + width)[0],
        version=raw[4] if new else None,
        encryption=attributes >> 10 & 0b111,
        part=_part(raw, phone_at + width + 2) if attributes & _PARTS_BIT else None,
    )
    body = raw[body_at:]
    marks = {
        "bad_length": attributes & _LENGTH_BITS != len(body),
        "bad_phone": not phone.isdecimal(),
    }
    return Frame(header, body, tuple(mark for mark, holds in marks.items() if holds))


def _part(raw: bytes, at: int) -> Part:
    return Part(*struct.unpack_from(">HH", raw, at))


def _too_short() -> Unreadable:
    return Unreadable.because("frame", "is shorter than its header")
