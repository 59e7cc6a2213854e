"""The everyday message, read straight: what ``decoding`` makes of it, at a fifth of the price.

Anything unusual (another datum, an unknown shape, a fault) gives None, and ``decoding`` reads it
with all its care; a test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from edge.fields import MAX_SEQ, MAX_TEXT_CHARS, FieldError, name
from edge.telemetry import VERSION, Fix, Message, Origin, Position, Status

_FIX_NUMBERS = (
    ("accuracy_m", 0, 1e7),
    ("speed_mps", 0, 1e4),
    ("heading_deg", 0, 360),
    ("altitude_m", -1e4, 1e6),
)
_STATUS_NUMBERS = (
    ("battery_pct", 0, 100),
    ("signal_dbm", -200, 100),
    ("storage_free_mb", 0, 1e12),
    ("temperature_c", -273.15, 1000),
)
_STATUS_FLAGS = ("recording", "worn", "charging")
_STATUS_TEXTS = ("network", "firmware")


def read(raw: object, *, kind: str, device_id: str) -> Message | None:
    """The message, or None for whatever is not quite ordinary."""
    reader = _READERS.get(kind)
    if reader is None or type(raw) is not dict:
        return None
    version, boot, seq = raw.get("v"), raw.get("boot"), raw.get("seq")
    plain = type(version) is int and version == VERSION and "lowest_held" not in raw
    if not (plain and type(boot) is str and type(seq) is int and 0 <= seq <= MAX_SEQ):
        return None
    sent_at = _instant(raw.get("sent_at"))
    if sent_at is None or not _is_name(boot):
        return None
    return reader(raw, Origin(device_id=device_id, boot=boot, seq=seq, sent_at=sent_at))


def _position(raw: dict[str, Any], origin: Origin) -> Message | None:
    lat, lon, told = raw.get("lat"), raw.get("lon"), raw.get("fix_time")
    if type(lat) is not float or type(lon) is not float or "crs_reported" in raw:
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180) or raw.get("crs", "WGS-84") != "WGS-84":
        return None
    fix_time = origin.sent_at if told == raw["sent_at"] else _instant(told)
    numbers: dict[str, Any] | None = _numbers(raw, _FIX_NUMBERS)
    satellites = raw.get("satellites")
    odd = satellites is not None and (type(satellites) is not int or not 0 <= satellites <= 999)
    if fix_time is None or numbers is None or odd:
        return None
    fix = Fix(fix_time=fix_time, lat=lat, lon=lon, satellites=satellites, **numbers)
    return Position(origin=origin, fix=fix)


def _status(raw: dict[str, Any], origin: Origin) -> Message | None:
    found: dict[str, Any] | None = _numbers(raw, _STATUS_NUMBERS)
    if found is None:
        return None
    for key in _STATUS_FLAGS:
        value = raw.get(key)
        if value is not None:
            if type(value) is not bool:
                return None
            found[key] = value
    for key in _STATUS_TEXTS:
        value = raw.get(key)
        if value is not None:
            if type(value) is not str or len(value) > MAX_TEXT_CHARS or not value.isprintable():
                return None
            found[key] = value
    return Status(origin=origin, **found)


_READERS: dict[str, Callable[[dict[str, Any], Origin], Message | None]] = {
    "position": _position,
    "status": _status,
}


def _numbers(
    raw: dict[str, Any], wanted: tuple[tuple[str, float, float], ...]
) -> dict[str, float] | None:
    found = {}
    for key, low, high in wanted:
        value = raw.get(key)
        if value is None:
            continue
        kind = type(value)
        if (kind is not float and kind is not int) or not low <= value <= high:
            return None
        found[key] = float(value)
    return found


def _instant(value: object) -> datetime | None:
    if type(value) is not str:
        return None
    try:
        found = datetime.fromisoformat(value)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=16_384)
def _is_name(text: str) -> bool:
    try:
        name(text)
    except FieldError:
        return False
    return True
