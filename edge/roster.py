"""Who is simulated: a made-up roster, or the devices of a credentials file."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge.device_link import Clock, DeviceLink
from edge.district import District, Point
from edge.errors import ConfigError, Unreadable
from edge.fields import FieldError, Fields, name, number, one_of, text
from edge.made_up import Device, DeviceKind, Unit
from edge.motion import Walker
from edge.mqtt_config import MqttSettings
from edge.simulator import Plan, Steer

_KINDS: tuple[DeviceKind, ...] = ("bodycam", "radio")
_BODYCAM_SHARE = 0.8  # of a unit's messages, where it carries both


@dataclass(frozen=True, slots=True)
class Entry:
    """One device: who it logs in as, whose it is, where that unit waits."""

    device_id: str
    unit: str
    kind: DeviceKind
    home: Point
    username: str = ""
    password: str = ""


def made_up(district: District, units: int) -> list[Entry]:
    """``units`` units at the mediation points in turn, each with a bodycam and a radio."""
    out: list[Entry] = []
    for index in range(units):
        home = district.points[index % len(district.points)].at
        number_ = f"{index + 1:02d}"
        out += [
            Entry(f"bc-{number_}", f"unit-{number_}", "bodycam", home),
            Entry(f"rd-{number_}", f"unit-{number_}", "radio", home),
        ]
    return out


def from_file(path: Path) -> list[Entry]:
    """A credentials file. Raises ConfigError naming the line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--credentials {path} cannot be read; check the path.") from error
    return [_entry(line, index) for index, line in enumerate(lines, 1) if line.strip()]


def links(
    entries: Sequence[Entry],
    *,
    mqtt: MqttSettings,
    plan: Plan,
    boot: str,
    seed: int,
    clock: Clock,
) -> list[DeviceLink[Device]]:
    """One link a device; devices of one unit move together and share its rate."""
    units = {entry.unit: Unit(entry.unit, entry.home, Walker(entry.home)) for entry in entries}
    return [
        DeviceLink(
            Device(
                device_id=entry.device_id,
                kind=entry.kind,
                unit=units[entry.unit],
                boot=boot,
                chance=random.Random(f"{seed}:{entry.device_id}"),  # noqa: S311  no secret
                battery_pct=55 + (seed + index * 37) % 45,
            ),
            settings=_login(mqtt, entry),
            clock=clock,
            interval_s=1 / (plan.rate * _share(entry, entries)),
        )
        for index, entry in enumerate(entries)
    ]


def read_steer(line: str) -> Steer:
    """``{"device_id", "lat", "lon"}``; ``lat`` null sends the unit home. Raises Unreadable."""
    try:
        raw = json.loads(line)
    except ValueError:
        raise Unreadable.because("line", "is not JSON") from None
    fields = Fields(raw)
    device_id = fields.required("device_id", name)
    if fields.is_null("lat"):
        fields.check()
        return Steer(device_id, None)
    lat = fields.required("lat", number(-90, 90))
    lon = fields.required("lon", number(-180, 180))
    fields.check()
    return Steer(device_id, Point(lat, lon))


def default_boot(now: datetime) -> str:
    """A run of its own for each start."""
    return f"sim-{now:%Y%m%dT%H%M%S}-{now.microsecond:06d}"


def _share(entry: Entry, entries: Iterable[Entry]) -> float:
    kinds = [other.kind for other in entries if other.unit == entry.unit]
    if len(set(kinds)) == 1:
        return 1 / len(kinds)
    share = _BODYCAM_SHARE if entry.kind == "bodycam" else 1 - _BODYCAM_SHARE
    return share / kinds.count(entry.kind)


def _login(mqtt: MqttSettings, entry: Entry) -> MqttSettings:
    if not entry.username:
        return mqtt
    return MqttSettings.model_validate(
        mqtt.model_dump() | {"username": entry.username, "password": entry.password}
    )


def _entry(line: str, index: int) -> Entry:
    try:
        fields = Fields(json.loads(line))
        home = Fields(fields.required("home", _object))
        entry = Entry(
            device_id=fields.required("device_id", name),
            unit=fields.required("unit", text),
            kind=fields.required("kind", one_of(_KINDS)),
            username=fields.optional("username", text) or "",
            password=fields.optional("password", text) or "",
            home=Point(
                home.required("lat", number(-90, 90)), home.required("lon", number(-180, 180))
            ),
        )
        fields.faults += home.faults
        fields.check()
    except (ValueError, Unreadable) as error:
        raise ConfigError(f"--credentials line {index}: {error}; correct it.") from error
    return entry


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise FieldError("is not an object with lat and lon")
    return value
