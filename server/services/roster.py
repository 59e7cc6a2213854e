"""The roster: units, members, who is on duty, and their devices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from server.domain.credentials import broker_hash, new_secret
from server.domain.errors import Conflict, Invalid, Missing
from server.domain.events import NewEvent
from server.domain.geo import Place
from server.domain.roles import Actor
from server.domain.unit import Traits
from server.office import Office
from server.store import custody, events, units
from server.store.engine import reading, writing
from server.store.units import UnitRow
from triage.taxonomy import CATEGORY_NAMES_ZH, LABELS

DEVICE_KINDS = ("bodycam", "radio", "phone", "tracker", "camera", "gateway")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Device ids become MQTT topic levels and user names: no slash, plus, hash or blank."""

RESERVED = "xn-"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Shown once; only a hash is kept."""

    username: str
    password: str


def add_unit(
    office: Office,
    unit_id: str,
    *,
    name: str,
    point: str,
    place: Place,
    actor: Actor,
    speed_kmh: float | None = None,
    on_duty: bool = True,
) -> None:
    """A new unit, on duty from now until further notice unless told otherwise."""
    if not _ID.fullmatch(unit_id):
        raise Invalid("id", "use letters, digits, dot, dash and underscore, at most 64")
    now = office.clock()
    try:
        with writing(office.engine) as conn:
            values = {"id": unit_id, "name": name, "point": point}
            speed = speed_kmh or office.settings.dispatch.speed_kmh
            units.add(conn, values | {"lat": place.lat, "lon": place.lon, "speed_kmh": speed})
            if on_duty:
                units.add_duty(conn, unit_id, start=now, end=None)
            events.tell(conn, [NewEvent("unit_changed", now, actor.name, unit_id=unit_id)])
    except IntegrityError as error:
        raise Conflict(f"Unit {unit_id} exists already; choose another id.") from error


def unit_rows(office: Office) -> list[UnitRow]:
    with reading(office.engine) as conn:
        return units.every(conn)


def add_member(office: Office, unit_id: str, name: str) -> None:
    try:
        with writing(office.engine) as conn:
            units.add_member(conn, unit_id, name)
    except IntegrityError as error:
        raise Conflict(f"{name} is in {unit_id} already, or there is no such unit.") from error


def traits(office: Office) -> dict[str, Traits]:
    """What is known of each unit; units nobody said anything of are left out."""
    with reading(office.engine) as conn:
        return units.traits(conn)


def set_traits(office: Office, unit_id: str, told: Traits, *, actor: Actor) -> None:
    """What the unit is good at and answers for; unknown categories and communities are refused."""
    leaves = {*CATEGORY_NAMES_ZH, *LABELS}
    _known("skill", told.skills, leaves, "see the categories in docs/REFERENCE.md")
    communities = {community.name for community in office.district.communities}
    _known("area", told.areas, communities, "take a community of the district file")
    now = office.clock()
    with writing(office.engine) as conn:
        if units.find(conn, unit_id) is None:
            raise Missing("unit", unit_id)
        units.put_traits(conn, unit_id, told)
        events.tell(conn, [NewEvent("unit_changed", now, actor.name, unit_id=unit_id)])


def _known(field: str, said: frozenset[str], known: set[str], where: str) -> None:
    strange = sorted(said - known)
    if strange:
        raise Invalid(field, f"{strange[0]} is unknown; {where}")


def set_duty(
    office: Office, unit_id: str, *, start: datetime, end: datetime | None, actor: Actor
) -> None:
    """One more shift; an open end means until further notice."""
    if end is not None and end <= start:
        raise Invalid("end", "must lie after the start of the shift")
    now = office.clock()
    with writing(office.engine) as conn:
        if units.find(conn, unit_id) is None:
            raise Missing("unit", unit_id)
        units.add_duty(conn, unit_id, start=start, end=end)
        events.tell(conn, [NewEvent("unit_changed", now, actor.name, unit_id=unit_id)])


def end_duty(office: Office, unit_id: str, *, actor: Actor) -> None:
    """Off duty from now on; a running case stays with the unit until it is closed."""
    now = office.clock()
    with writing(office.engine) as conn:
        units.end_duty(conn, unit_id, at=now)
        events.tell(conn, [NewEvent("unit_changed", now, actor.name, unit_id=unit_id)])


def add_device(
    office: Office, device_id: str, *, kind: str, unit_id: str | None, actor: Actor
) -> Credentials:
    """A new device with its broker account; the password is answered once and kept hashed."""
    if device_id.startswith(RESERVED):
        raise Invalid("id", f"must not begin with {RESERVED}; the broker's own accounts do")
    if not _ID.fullmatch(device_id):
        raise Invalid("id", "use letters, digits, dot, dash and underscore, at most 64")
    if kind not in DEVICE_KINDS:
        raise Invalid("kind", f"is not one of {', '.join(DEVICE_KINDS)}")
    secret, now = new_secret(), office.clock()
    try:
        with writing(office.engine) as conn:
            if unit_id is not None and units.find(conn, unit_id) is None:
                raise Missing("unit", unit_id)
            units.add_device(
                conn,
                {
                    "id": device_id,
                    "kind": kind,
                    "unit_id": unit_id,
                    "created_at": now,
                    "secret_hash": broker_hash(secret),
                },
            )
            custody.begin(conn, device_id, unit_id=unit_id, by=actor.name)
            body = {"device": device_id}
            told = NewEvent("device_added", now, actor.name, unit_id=unit_id, body=body)
            events.tell(conn, [told])
    except IntegrityError as error:
        raise Conflict(
            f"Device {device_id} exists already; revoke it or take another id."
        ) from error
    return Credentials(device_id, secret)


def device_rows(office: Office) -> list[UnitRow]:
    with reading(office.engine) as conn:
        return units.every_device(conn)


def revoke_device(office: Office, device_id: str, *, actor: Actor) -> None:
    """The device's account is gone from now on; what it sent stays."""
    now = office.clock()
    with writing(office.engine) as conn:
        if not units.revoke_device(conn, device_id, at=now):
            raise Missing("device", device_id)
        custody.end(conn, device_id, now)
        body = {"device": device_id}
        events.tell(conn, [NewEvent("device_revoked", now, actor.name, body=body)])
