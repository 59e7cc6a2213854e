"""OwnTracks JSON over MQTT (owntracks.org/booklet/tech/json), taken as it is.

It has no run and no counter: the run is ``ot-<type>`` and the counter the message's own ``tst``,
so the same message again is the same row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from edge.decoding import Decoded
from edge.errors import Unreadable
from edge.fields import FieldError, Fields, number
from edge.protocols.reading import Reading, parse_json
from edge.telemetry import Fix, Message, Origin, Position, Presence, Status
from edge.topics import Address

KMH_PER_MPS = 3.6
_NETWORKS = {"w": "wifi", "m": "mobile", "o": "offline"}
_CHARGING = {1: False, 2: True, 3: True}  # bs: 1 unplugged, 2 charging, 3 full
_WITHOUT_TELEMETRY = frozenset(
    {"waypoint", "waypoints", "beacon", "card", "cmd", "configuration", "request", "status"}
    | {"steps", "dump"}
)


@dataclass(frozen=True, slots=True)
class _Payload:
    device_id: str
    type: str
    fields: Fields

    def origin(self, sent_at: datetime, run: str) -> Origin:
        return Origin(
            device_id=self.device_id,
            boot=f"ot-{run}",
            seq=int(sent_at.timestamp()),
            sent_at=sent_at,
        )


def read(address: Address, payload: bytes, received_at: datetime) -> Reading:  # noqa: ARG001
    """Raises Unreadable. Waypoints and the like are understood and carry no telemetry."""
    raw = parse_json(payload)
    if not isinstance(raw, Mapping):
        raise Unreadable.because("message", "is not a JSON object")
    found = raw.get("_type")
    if not isinstance(found, str):
        raise Unreadable.because("_type", "is missing")
    if found == "encrypted":
        raise Unreadable.because("_type", "is encrypted; switch encryption off and use mqtts")
    if found in _WITHOUT_TELEMETRY:
        return Reading()
    item = _Payload(address.device_id, found, Fields(raw))
    if found in ("location", "transition"):
        messages = _located(item)
    elif found == "lwt":
        messages = (_gone(item),)
    else:
        raise Unreadable.because("_type", "is not one of location, transition, lwt, waypoint(s)")
    notes = tuple(item.fields.notes)
    return Reading(tuple(Decoded(message, notes) for message in messages))


def _located(item: _Payload) -> tuple[Message, ...]:
    when = item.fields.required("tst", _epoch)
    lat = item.fields.required("lat", number())
    lon = item.fields.required("lon", number())
    item.fields.check()
    sent_at = item.fields.optional("created_at", _epoch) or when
    position = Position(
        origin=_dated(item.origin(when, item.type), sent_at), fix=_fix(item.fields, when, lat, lon)
    )
    status = _status(item, when)
    return (position,) if status is None else (position, status)


def _dated(origin: Origin, sent_at: datetime) -> Origin:
    return Origin(device_id=origin.device_id, boot=origin.boot, seq=origin.seq, sent_at=sent_at)


def _fix(fields: Fields, when: datetime, lat: float, lon: float) -> Fix:
    speed_kmh = fields.optional("vel", number(0, 1e4))
    return Fix(
        fix_time=when,
        lat=lat,
        lon=lon,
        accuracy_m=fields.optional("acc", number(0, 1e7)),
        speed_mps=None if speed_kmh is None else speed_kmh / KMH_PER_MPS,
        heading_deg=fields.optional("cog", number(0, 360)),
        altitude_m=fields.optional("alt", number(-1e4, 1e6)),
    )


def _status(item: _Payload, when: datetime) -> Status | None:
    """What the phone tells of itself beside its place; None when it tells nothing."""
    battery = item.fields.optional("batt", number(0, 100))
    charge = item.fields.optional("bs", number(0, 3))
    network = item.fields.optional("conn", lambda value: _NETWORKS.get(str(value)))
    if battery is None and network is None:
        return None
    return Status(
        origin=item.origin(when, "status"),
        battery_pct=battery,
        charging=None if charge is None else _CHARGING.get(int(charge)),
        network=network,
    )


def _gone(item: _Payload) -> Presence:
    """The last will; its ``tst`` is when the phone connected."""
    when = item.fields.required("tst", _epoch)
    item.fields.check()
    return Presence(origin=item.origin(when, item.type), state="offline")


def _epoch(value: object) -> datetime:
    try:
        return datetime.fromtimestamp(int(number(1, 253_402_300_799)(value)), UTC)
    except FieldError:
        raise FieldError("is not seconds since 1970") from None
