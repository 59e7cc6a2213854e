"""NMEA 0183: RMC and GGA of any talker, each with its checksum.

The payload is sentences on lines of their own. A fix's number is made of its time: run
``nmea-<UTC date>``, number = millisecond of that day, so that RMC and GGA of one moment are one
row; in one payload they are put together. A GGA tells no date: the one that brings it nearest to
its arrival.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import reduce
from operator import xor

from edge.datum import Crs
from edge.decoding import Decoded, on_globe_to_wgs84
from edge.errors import Unreadable
from edge.fields import FieldError, name
from edge.protocols.reading import Reading, datum
from edge.telemetry import Fix, Origin, Position
from edge.topics import Address

DEVICE_SENTENCE = "PXNID"
MPS_PER_KNOT = 1852 / 3600

_SENTENCE = re.compile(r"\$([A-Z][A-Z0-9]{2,9})((?:,[^,*$]*)*)\*([0-9A-Fa-f]{2})")
_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(?:\.(\d+))?")
_DATE = re.compile(r"(\d\d)(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """``fields`` are those behind the type."""

    type: str
    fields: tuple[str, ...]

    def text(self, at: int) -> str:
        return self.fields[at] if at < len(self.fields) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """What one sentence tells of one moment; None where it does not."""

    clock: time
    valid: bool
    lat: float | None
    lon: float | None
    date: datetime | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None
    satellites: int | None = None


def sentence(line: bytes) -> Sentence:
    """One line without its end. Raises Unreadable."""
    found = _SENTENCE.fullmatch(line.decode("ascii", errors="replace").strip())
    if found is None:
        raise Unreadable.because("sentence", "is not $TYPE,…*checksum")
    if reduce(xor, line.strip()[1:-3], 0) != int(found[3], 16):
        raise Unreadable.because("checksum", "is wrong")
    return Sentence(found[1], tuple(found[2].split(",")[1:]))


def is_device_sentence(line: bytes) -> bool:
    return line.lstrip().startswith(f"${DEVICE_SENTENCE}".encode())


def device_told(line: bytes) -> str:
    """The id in ``$PXNID,<id>*cs``. Raises Unreadable."""
    try:
        return name(sentence(line).text(0))
    except FieldError as error:
        raise Unreadable.because("device_id", str(error)) from None


def read(address: Address, payload: bytes, received_at: datetime) -> Reading:
    """``address.subject`` is the datum. Raises Unreadable when its topic is at fault."""
    crs = datum(address.subject)
    moments: dict[time, _Moment] = {}
    bad: list[Unreadable] = []
    for line in payload.splitlines():
        try:
            found = _moment(sentence(line)) if line.strip() else None
        except Unreadable as error:
            bad.append(error)
            continue
        if found is not None:
            before = moments.get(found.clock)
            moments[found.clock] = found if before is None else _together(before, found)
    positions = (
        _position(moment, address.device_id, crs, received_at) for moment in moments.values()
    )
    return Reading(tuple(Decoded(position) for position in positions), tuple(bad))


def _moment(told: Sentence) -> _Moment | None:
    """None when it is of a type we do not read, or its receiver has no time yet."""
    build = _BUILDERS.get(told.type[2:]) if len(told.type) == 5 else None
    if build is None or not told.text(0):
        return None
    return build(told)


def _rmc(told: Sentence) -> _Moment:
    speed_knots = _number(told.text(6), "speed", 0, 1e4)
    valid = told.text(1) == "A"
    return _Moment(
        clock=_clock(told.text(0)),
        valid=valid,
        lat=_degrees(told.text(2), told.text(3), "NS", "lat") if valid else None,
        lon=_degrees(told.text(4), told.text(5), "EW", "lon") if valid else None,
        date=_date(told.text(8)),
        speed_mps=None if speed_knots is None else speed_knots * MPS_PER_KNOT,
        heading_deg=_number(told.text(7), "heading", 0, 360),
    )


def _gga(told: Sentence) -> _Moment:
    valid = told.text(5) not in {"", "0"}
    satellites = _number(told.text(6), "satellites", 0, 999)
    return _Moment(
        clock=_clock(told.text(0)),
        valid=valid,
        lat=_degrees(told.text(1), told.text(2), "NS", "lat") if valid else None,
        lon=_degrees(told.text(3), told.text(4), "EW", "lon") if valid else None,
        altitude_m=_number(told.text(8), "altitude", -1e4, 1e6),
        satellites=None if satellites is None else int(satellites),
    )


_BUILDERS: dict[str, Callable[[Sentence], _Moment]] = {"RMC": _rmc, "GGA": _gga}


def _together(a: _Moment, b: _Moment) -> _Moment:
    """RMC and GGA of one moment; the place of the one that has a fix."""
    first, second = (a, b) if a.valid else (b, a)
    return replace(
        first,
        date=first.date or second.date,
        speed_mps=_either(first.speed_mps, second.speed_mps),
        heading_deg=_either(first.heading_deg, second.heading_deg),
        altitude_m=_either(first.altitude_m, second.altitude_m),
        satellites=first.satellites if first.satellites is not None else second.satellites,
    )


def _either(first: float | None, second: float | None) -> float | None:
    return first if first is not None else second


def _position(moment: _Moment, device_id: str, crs: Crs, received_at: datetime) -> Position:
    when = _dated(moment, received_at)
    since_midnight = when - when.replace(hour=0, minute=0, second=0, microsecond=0)
    origin = Origin(
        device_id=device_id,
        boot=f"nmea-{when:%Y%m%d}",
        seq=since_midnight // timedelta(milliseconds=1),
        sent_at=when,
    )
    if moment.lat is None or moment.lon is None:
        return Position(origin=replace(origin, boot=f"{origin.boot}-nofix"), fix=None)
    lat, lon = on_globe_to_wgs84(moment.lat, moment.lon, crs)
    fix = Fix(
        fix_time=when,
        lat=lat,
        lon=lon,
        crs_reported=crs,
        speed_mps=moment.speed_mps,
        heading_deg=moment.heading_deg,
        altitude_m=moment.altitude_m,
        satellites=moment.satellites,
    )
    return Position(origin=origin, fix=fix)


def _dated(moment: _Moment, received_at: datetime) -> datetime:
    if moment.date is not None:
        return datetime.combine(moment.date, moment.clock, UTC)
    days = (received_at.astimezone(UTC) + timedelta(days=shift) for shift in (-1, 0, 1))
    near: Sequence[datetime] = [datetime.combine(day, moment.clock, UTC) for day in days]
    return min(near, key=lambda when: abs(when - received_at))


def _clock(text: str) -> time:
    found = _TIME.fullmatch(text)
    if found is None:
        raise Unreadable.because("sentence", "tells no time as hhmmss")
    micro = int((found[4] or "0").ljust(6, "0")[:6])
    try:
        # A leap second is taken as the last one of its minute.
        return time(int(found[1]), int(found[2]), min(int(found[3]), 59), micro)
    except ValueError:
        raise Unreadable.because("sentence", "tells an impossible time") from None


def _date(text: str) -> datetime | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    try:
        return datetime(2000 + int(found[3]), int(found[2]), int(found[1]), tzinfo=UTC)
    except ValueError:
        raise Unreadable.because("sentence", "tells an impossible date") from None


def _degrees(text: str, side: str, sides: str, field: str) -> float:
    """``ddmm.mmmm`` or ``dddmm.mmmm`` with its hemisphere, in degrees."""
    whole, _, _ = text.partition(".")
    limit = 90 if sides == "NS" else 180
    minutes = _number(text[len(whole) - 2 :], field, 0, 60) if len(whole) > 2 else None
    degrees = _number(text[: len(whole) - 2], field, 0, limit)
    if minutes is None or degrees is None or side not in (sides[0], sides[1]):
        raise Unreadable.because(field, "is not degrees, minutes and a hemisphere")
    found = degrees + minutes / 60
    return -found if side == sides[1] else found


_DECIMAL = re.compile(r"[+-]?\d{1,12}(?:\.\d{0,12})?")


def _number(text: str, field: str, low: float, high: float) -> float | None:
    """None when empty. Raises Unreadable."""
    if not text:
        return None
    if not text.isascii() or not _DECIMAL.fullmatch(text) or not low <= float(text) <= high:
        raise Unreadable.because(field, f"is not a number from {low:g} to {high:g}")
    return float(text)
