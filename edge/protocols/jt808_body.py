"""Bodies of JT/T 808 messages: register, authenticate, position, batch, and our answers.

Layouts of JT/T 808-2013 and -2019, tables of messages 0x0100, 0x0102, 0x0200, 0x0704, 0x8001 and
0x8100; the register of 2011 is told by its length.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum

from edge.errors import Fault, Unreadable
from edge.protocols.jt808_frame import Frame

REGISTER = 0x0100
AUTHENTICATE = 0x0102
HEARTBEAT = 0x0002
LOGOUT = 0x0003
DEVICE_ANSWER = 0x0001
POSITION = 0x0200
POSITION_ASKED = 0x0201
BATCH = 0x0704
ANSWER = 0x8001
REGISTER_ANSWER = 0x8100

STATUS_POSITIONED = 1 << 1
_STATUS_SOUTH = 1 << 2
_STATUS_WEST = 1 << 3
_GMT8 = timezone(timedelta(hours=8))
_REPORT_BYTES = 28
_TENTHS_KMH_PER_MPS = 36.0
_IMEI_AND_FIRMWARE = 15 + 20


class Result(IntEnum):
    """Of an answer 0x8001."""

    DONE = 0
    FAILED = 1
    UNREADABLE = 2
    UNSUPPORTED = 3


class Registered(IntEnum):
    """Of an answer 0x8100."""

    DONE = 0
    NO_SUCH_DEVICE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    province: int
    city: int
    maker: str
    model: str
    device: str
    plate_colour: int
    plate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    code: str
    imei: str | None = None
    firmware: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What follows a position; None where it was not sent. ``video_*`` are JT/T 1078's 14-18."""

    mileage_km: float | None = None
    fuel_l: float | None = None
    recorder_speed_kmh: float | None = None
    alarm_event: int | None = None
    extended_state: int | None = None
    io_state: int | None = None
    analog: int | None = None
    signal: int | None = None
    satellites: int | None = None
    video_alarm: int | None = None
    video_lost: int | None = None
    video_covered: int | None = None
    storage_fault: int | None = None
    driving: int | None = None
    others: tuple[tuple[int, str], ...] = ()
    """Id and bytes (hexadecimal) of those this agent does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A position as the device tells it: degrees of its own datum, metres, metres a second.

    ``fix_time`` is None when the device's clock tells none; ``doubt`` names what was unreadable.
    ``raw`` is the body, which makes the report's number.
    """

    alarm: int
    status: int
    lat: float
    lon: float
    altitude_m: int
    speed_mps: float
    heading_deg: int
    fix_time: datetime | None
    extras: Extras
    doubt: tuple[str, ...]
    raw: bytes

    @property
    def positioned(self) -> bool:
        return bool(self.status & STATUS_POSITIONED)


@dataclass(frozen=True, slots=True)
class Batch:
    """``late`` is told by the device: sent after an outage."""

    late: bool
    reports: tuple[Report, ...]
    unreadable: tuple[Unreadable, ...]


def register(frame: Frame) -> Register:
    """Raises Unreadable."""
    body = frame.body
    maker, model, device = _register_widths(frame)
    fixed = 4 + maker + model + device + 1
    if len(body) < fixed:
        raise Unreadable.because("body", f"is shorter than {fixed} bytes")
    model_at, device_at = 4 + maker, 4 + maker + model
    return Register(
        province=int.from_bytes(body[0:2], "big"),
        city=int.from_bytes(body[2:4], "big"),
        maker=_text(body[4:model_at]),
        model=_text(body[model_at:device_at]),
        device=_text(body[device_at : fixed - 1]),
        plate_colour=body[fixed - 1],
        plate=_text(body[fixed:]),
    )


def authenticate(frame: Frame) -> Authenticate:
    """Raises Unreadable."""
    body = frame.body
    if frame.header.version is None:
        return Authenticate(code=_text(body))
    if not body or len(body) < 1 + body[0]:
        raise Unreadable.because("body", "is shorter than its code")
    rest = body[1 + body[0] :]
    whole = len(rest) >= _IMEI_AND_FIRMWARE
    return Authenticate(
        code=_text(body[1 : 1 + body[0]]),
        imei=_text(rest[:15]) if whole else None,
        firmware=_text(rest[15:35]) if whole else None,
    )


def report(body: bytes) -> Report:
    """Raises Unreadable when it is too short to hold a position."""
    if len(body) < _REPORT_BYTES:
        raise Unreadable.because("body", f"is shorter than {_REPORT_BYTES} bytes")
    alarm, status, lat, lon, altitude_m, speed, heading = struct.unpack_from(">IIIIhHH", body)
    fix_time = _bcd_time(body[22:28])
    extras, doubt = _extras(body[28:])
    return Report(
        alarm=alarm,
        status=status,
        lat=(-lat if status & _STATUS_SOUTH else lat) / 1e6,
        lon=(-lon if status & _STATUS_WEST else lon) / 1e6,
        altitude_m=altitude_m,
        speed_mps=speed / _TENTHS_KMH_PER_MPS,
        heading_deg=heading,
        fix_time=fix_time,
        extras=extras,
        doubt=tuple(doubt if fix_time else ["bad_fix_time", *doubt]),
        raw=body,
    )


def batch(body: bytes) -> Batch:
    """A good report is taken though its neighbour is not. Raises Unreadable.

    Where the count disagrees with the reports, the reports count.
    """
    if len(body) < 3:
        raise Unreadable.because("body", "is shorter than a batch")
    good: list[Report] = []
    bad: list[Unreadable] = []
    at = 3
    while at < len(body):
        length = int.from_bytes(body[at : at + 2], "big")
        item = body[at + 2 : at + 2 + length]
        try:
            good.append(report(item))
        except Unreadable as error:
            placed = Fault(f"batch[{len(good) + len(bad)}]", "is unreadable")
            bad.append(Unreadable((placed, *error.faults)))
        at += 2 + length
    count = int.from_bytes(body[0:2], "big")
    if len(good) + len(bad) < count:
        bad.append(Unreadable.because("batch", "holds fewer reports than it says"))
    return Batch(body[2] == 1, tuple(good), tuple(bad))


def answer(serial: int, message_id: int, result: Result) -> bytes:
    """The body of an 0x8001."""
    return struct.pack(">HHB", serial, message_id, result)


def register_answer(serial: int, result: Registered, code: str) -> bytes:
    """The body of an 0x8100; the code only when it was done."""
    told = code.encode("ascii") if result is Registered.DONE else b""
    return struct.pack(">HB", serial, result) + told


def _register_widths(frame: Frame) -> tuple[int, int, int]:
    """Bytes of maker, model and device; the register of 2011 is the shorter one."""
    if frame.header.version is not None:
        return 11, 30, 30
    return (5, 20, 7) if len(frame.body) >= 37 else (5, 8, 7)


def _text(raw: bytes) -> str:
    return raw.strip(b"\x00 ").decode("gbk", errors="replace")


def _bcd_time(raw: bytes) -> datetime | None:
    """GMT+8 by the standard, whatever zone the device is in."""
    digits = raw.hex()
    if not digits.isdecimal():
        return None
    year, *rest = (int(digits[at : at + 2]) for at in range(0, 12, 2))
    try:
        return datetime(2000 + year, *rest, tzinfo=_GMT8).astimezone(UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


_EXTRAS: dict[int, tuple[str, int]] = {
    0x01: ("mileage_km", 4),
    0x02: ("fuel_l", 2),
    0x03: ("recorder_speed_kmh", 2),
    0x04: ("alarm_event", 2),
    0x14: ("video_alarm", 4),
    0x15: ("video_lost", 4),
    0x16: ("video_covered", 4),
    0x17: ("storage_fault", 2),
    0x18: ("driving", 3),
    0x25: ("extended_state", 4),
    0x2A: ("io_state", 2),
    0x2B: ("analog", 4),
    0x30: ("signal", 1),
    0x31: ("satellites", 1),
}


_TENTHS = frozenset({"mileage_km", "fuel_l", "recorder_speed_kmh"})


def _extras(raw: bytes) -> tuple[Extras, list[str]]:
    """Unknown ones are kept as they came; one of a wrong length is named."""
    found: dict[str, float | int] = {}
    others: list[tuple[int, str]] = []
    doubt: list[str] = []
    at = 0
    while at < len(raw):
        if at + 2 > len(raw) or at + 2 + raw[at + 1] > len(raw):
            doubt.append("bad_extras")
            break
        kind, length = raw[at], raw[at + 1]
        name, width = _EXTRAS.get(kind, ("", 0))
        if name and length != width:
            doubt.append(f"bad_{name}")
        elif name:
            found[name] = int.from_bytes(raw[at + 2 : at + 2 + length], "big")
        else:
            others.append((kind, raw[at + 2 : at + 2 + length].hex()))
        at += 2 + length
    for name in _TENTHS.intersection(found):
        found[name] /= 10
    return Extras(**found, others=tuple(others)), list(dict.fromkeys(doubt))  # type: ignore[arg-type]
