"""JSON objects of contract section 8 become messages; all faults are named at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from edge import telemetry
from edge.datum import CRS_NAMES, to_wgs84
from edge.errors import Numbered, Unreadable
from edge.fields import FieldError, Fields, flag, instant, name, number, one_of, sha256, text, whole
from edge.telemetry import (
    Alarm,
    CameraQuality,
    Envelope,
    Fix,
    Frame,
    Kind,
    Message,
    Origin,
    Position,
    Presence,
    Ptt,
    Receipt,
    Status,
)

MAX_DOUBTS = 32
MAX_SKEW_S = 1e9


@dataclass(frozen=True, slots=True)
class Decoded:
    """A message, and ``bad_<field>`` for each optional field that could not be read."""

    message: Message
    doubt: tuple[str, ...] = ()


def decode(raw: object, *, kind: str, device_id: str) -> Decoded:
    """The message in a parsed JSON object whose kind and device the topic told.

    Unknown fields are ignored. Raises Unreadable with every fault.
    """
    fields = Fields(raw)
    try:
        message = _decode(fields, kind=kind, device_id=device_id)
    except Unreadable as error:
        error.numbered = number_of(raw, device_id)
        raise
    return Decoded(message, tuple(fields.notes))


def decode_envelope(raw: object, *, received_at: datetime) -> Envelope:
    """A message as an edge agent posts it; ``received_at`` serves where the agent tells none.

    Raises Unreadable with every fault.
    """
    fields = Fields(raw)
    kind = fields.required("kind", one_of(telemetry.KINDS))
    device_id = fields.required("device_id", name)
    when = fields.optional("received_at", instant)
    protocol = fields.optional("protocol", name)
    doubt = fields.optional("doubt", _doubts) or ()
    ahead = fields.optional("clock_ahead_s", number(-MAX_SKEW_S, MAX_SKEW_S))
    fields.check()
    message = _decode(fields, kind=kind, device_id=device_id)
    return Envelope(
        message=message,
        received_at=when or received_at,
        protocol=protocol or "native",
        doubt=tuple(dict.fromkeys((*doubt, *fields.notes))),
        clock_ahead_s=ahead,
    )


def _decode(fields: Fields, *, kind: str, device_id: str) -> Message:
    build = _BUILDERS.get(kind)
    if build is None:
        raise Unreadable.because("kind", f"is not one of {', '.join(_BUILDERS)}")
    message = build(fields, _origin(fields, device_id))
    fields.check()
    return message


def _origin(fields: Fields, device_id: str) -> Origin:
    fields.required("v", _version)
    return Origin(
        device_id=device_id,
        boot=fields.required("boot", name),
        seq=fields.required("seq", whole()),
        sent_at=fields.required("sent_at", instant),
        lowest_held=fields.optional("lowest_held", whole()),
    )


def number_of(raw: object, device_id: str | None) -> Numbered | None:
    """Which message it was, so that one bad message does not hold back the confirmation.

    ``device_id`` None takes the message's own word, as an agent posts it.
    """
    if not isinstance(raw, Mapping):
        return None
    fields = Fields(raw)
    boot, seq = fields.optional("boot", name), fields.optional("seq", whole())
    device_id = device_id or fields.optional("device_id", name)
    if device_id is None or boot is None or seq is None:
        return None
    return Numbered(device_id, boot, seq)


def _version(value: object) -> int:
    if value != telemetry.VERSION or isinstance(value, bool) or not isinstance(value, int):
        raise FieldError(f"is not a known version; this agent speaks {telemetry.VERSION}")
    return value


def _doubts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_DOUBTS:
        raise FieldError(f"is not a list of at most {MAX_DOUBTS} reasons")
    return tuple(name(item) for item in value)


def _fix(fields: Fields) -> Fix | None:
    """The required fix of a position; None when the device says null for both coordinates."""
    if fields.is_null("lat") and fields.is_null("lon"):
        return None
    fix_time = fields.required("fix_time", instant)
    lat = fields.required("lat", number())
    lon = fields.required("lon", number())
    crs = fields.required("crs", one_of(CRS_NAMES)) if fields.has("crs") else "WGS-84"
    fields.check()
    lat, lon = on_globe_to_wgs84(lat, lon, crs)
    return Fix(
        fix_time=fix_time,
        lat=lat,
        lon=lon,
        crs_reported=fields.optional("crs_reported", one_of(CRS_NAMES)) or crs,
        accuracy_m=fields.optional("accuracy_m", number(0, 1e7)),
        speed_mps=fields.optional("speed_mps", number(0, 1e4)),
        heading_deg=fields.optional("heading_deg", number(0, 360)),
        altitude_m=fields.optional("altitude_m", number(-1e4, 1e6)),
        satellites=fields.optional("satellites", whole(0, 999)),
    )


def on_globe_to_wgs84(lat: float, lon: float, crs: str) -> tuple[float, float]:
    """In WGS-84 degrees; a point off the globe stays as it came, since ``quality`` marks it."""
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return lat, lon
    return to_wgs84(lat, lon, crs)


def _position(fields: Fields, origin: Origin) -> Position:
    return Position(origin=origin, fix=_fix(fields))


def _status(fields: Fields, origin: Origin) -> Status:
    return Status(
        origin=origin,
        battery_pct=fields.optional("battery_pct", number(0, 100)),
        signal_dbm=fields.optional("signal_dbm", number(-200, 100)),
        network=fields.optional("network", text),
        storage_free_mb=fields.optional("storage_free_mb", number(0, 1e12)),
        recording=fields.optional("recording", flag),
        worn=fields.optional("worn", flag),
        charging=fields.optional("charging", flag),
        temperature_c=fields.optional("temperature_c", number(-273.15, 1000)),
        firmware=fields.optional("firmware", text),
    )


def _alarm(fields: Fields, origin: Origin) -> Alarm:
    alarm = fields.required("alarm", one_of(telemetry.ALARM_KINDS))
    active = fields.optional("active", flag)
    fields.check()
    # What cannot be read as 'over' counts as an alarm that stands.
    return Alarm(
        origin=origin, alarm=alarm, active=active is not False, fix=_fix_if_readable(fields)
    )


def _fix_if_readable(fields: Fields) -> Fix | None:
    if not (fields.has("lat") and fields.has("lon")):
        return None
    try:
        return _fix(fields)
    except Unreadable as error:
        fields.faults.clear()
        fields.notes.extend(f"bad_{fault.field}" for fault in error.faults)
        return None


def _ptt(fields: Fields, origin: Origin) -> Ptt:
    return Ptt(
        origin=origin,
        talkgroup=fields.required("talkgroup", text),
        started_at=fields.required("started_at", instant),
        ended_at=fields.optional("ended_at", instant),
    )


def _frame(fields: Fields, origin: Origin) -> Frame:
    return Frame(
        origin=origin,
        taken_at=fields.required("taken_at", instant),
        sha256=fields.required("sha256", sha256),
        width=fields.optional("width", whole(1, 100_000)),
        height=fields.optional("height", whole(1, 100_000)),
        quality=fields.optional("quality", _camera_quality) or CameraQuality(),
        faces_masked=fields.optional("faces_masked", flag),
        url=fields.optional("url", text),
    )


def _camera_quality(value: object) -> CameraQuality:
    try:
        fields = Fields(value)
    except Unreadable:
        raise FieldError("is not a JSON object") from None
    return CameraQuality(
        dark=fields.optional("dark", flag),
        blurred=fields.optional("blurred", flag),
        covered=fields.optional("covered", flag),
        frozen=fields.optional("frozen", flag),
    )


def _presence(fields: Fields, origin: Origin) -> Presence:
    return Presence(
        origin=origin, state=fields.required("state", one_of(telemetry.PRESENCE_STATES))
    )


def _receipt(fields: Fields, origin: Origin) -> Receipt:
    return Receipt(
        origin=origin,
        down_id=fields.required("down_id", name),
        outcome=fields.optional("outcome", one_of(telemetry.RECEIPT_OUTCOMES)) or "received",
    )


_BUILDERS: dict[str, Callable[[Fields, Origin], Message]] = {
    "position": _position,
    "status": _status,
    "alarm": _alarm,
    "ptt": _ptt,
    "frame": _frame,
    "presence": _presence,
    "receipt": _receipt,
}
assert set(_BUILDERS) == set(telemetry.KINDS)  # a kind without a reader would be lost


def known_kind(kind: str) -> Kind | None:
    """The kind of that name, or None."""
    return next((known for known in telemetry.KINDS if known == kind), None)
