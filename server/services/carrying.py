"""Who carries which device, now and then, and a device handed from one to another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from server.domain.custody import CARRIED, Bound, Carrier, Hands, carrier, stretches
from server.domain.errors import Conflict, Invalid, Missing, NotAllowed
from server.domain.events import NewEvent
from server.domain.roles import Actor, Role
from server.office import Office
from server.store import custody, events, units, view_traces
from server.store.engine import reading, writing

LONGEST = timedelta(days=31)
LATEST = timedelta(days=1)
"""A phone without a network may tell a hand-over so much later."""


@dataclass(frozen=True, slots=True)
class CarrierView:
    """Who carries a device. ``bound``: duty, off_duty, unit, nobody (domain.custody.Bound)."""

    device_id: str
    unit_id: str | None
    member: str | None
    bound: str
    planned: bool


@dataclass(frozen=True, slots=True)
class UnitHands:
    """What a unit carries, and who of it may be given a device."""

    devices: tuple[CarrierView, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StretchView:
    """Who had it in ``[start, end)``; ``by`` handed it over, empty where the roster planned it."""

    start: datetime
    end: datetime
    unit_id: str | None
    member: str | None
    bound: str
    planned: bool
    by: str | None


def carriers_now(conn: Connection, device_ids: Collection[str], at: datetime) -> dict[str, Carrier]:
    """Who has each of these devices at a moment."""
    held = custody.held(conn, device_ids, at, at)
    plans = custody.plans(conn, device_ids, at, at)
    crews = custody.crews(conn, at, at)
    return {
        device: carrier(at, held.get(device, ()), plans.get(device, ()), crews)
        for device in device_ids
    }


def without_carrier(office: Office) -> int:
    """Devices in use that somebody should have on them, and that no member on duty has."""
    now = office.clock()
    with reading(office.engine) as conn:
        ids = [
            row.id
            for row in units.every_device(conn)
            if row.revoked_at is None and row.kind in CARRIED
        ]
        found = carriers_now(conn, ids, now)
    return sum(one.bound is not Bound.DUTY for one in found.values())


def hand(
    office: Office,
    device_id: str,
    *,
    member: str | None,
    actor: Actor,
    unit_id: str | None = None,
    at: datetime | None = None,
) -> CarrierView:
    """From ``at`` (empty: now) on ``member`` has the device; empty: it is back with the unit.

    ``unit_id`` only when it goes to another unit. A mediator hands on within the own unit.
    Told twice it counts once. Raises Missing for a device or unit that is not there, Invalid for
    a member who is not in the unit or a moment more than a day ago, NotAllowed for another unit's
    device, Conflict when the device changed hands after ``at``.
    """
    now = office.clock()
    moment = _moment(at, now)
    with writing(office.engine) as conn:
        device = units.find_device(conn, device_id)
        if device is None or device.revoked_at is not None:
            raise Missing("device", device_id)
        to_unit = unit_id or device.unit_id
        if actor.role is Role.MEDIATOR and {device.unit_id, to_unit} != {actor.unit_id}:
            raise NotAllowed("This device is not with your unit; ask the dispatcher.")
        _check_member(conn, to_unit, member)
        to = Hands(to_unit, member)
        told_before = _later_word(conn, device_id, to, at=moment, by=actor.name)
        if not told_before and custody.hand(conn, device_id, to, at=moment, by=actor.name):
            body = {"device": device_id}
            told = NewEvent("device_handed", now, actor.name, unit_id=to_unit, body=body)
            events.tell(conn, [told])
        found = carriers_now(conn, [device_id], now)[device_id]
    return _view(device_id, found)


def who_had(
    office: Office, device_id: str, *, since: datetime, until: datetime, actor: Actor
) -> list[StretchView]:
    """Who carried a device from ``since`` to ``until`` (at most 31 days); looking leaves a trace.

    Raises Missing, and Invalid for a span that is empty or too long.
    """
    if not since < until <= since + LONGEST:
        raise Invalid("to", f"must lie after 'from' and within {LONGEST.days} days of it")
    now = office.clock()
    with writing(office.engine) as conn:
        if units.find_device(conn, device_id) is None:
            raise Missing("device", device_id)
        view_traces.add(conn, at=now, who=actor.name, what="carriers", object_id=device_id)
        found = stretches(
            since,
            until,
            custody.held(conn, [device_id], since, until).get(device_id, []),
            custody.plans(conn, [device_id], since, until).get(device_id, []),
            custody.crews(conn, since, until),
        )
        rows = custody.rows(conn, device_id)
    handed = [(row.begun_at or custody.EVER, row.ended_at, row.by) for row in rows]
    return [
        StretchView(
            start=one.start,
            end=one.end or until,
            unit_id=one.carrier.unit_id,
            member=one.carrier.member,
            bound=one.carrier.bound.value,
            planned=one.carrier.planned,
            by=None if one.carrier.planned else _by(handed, one.start),
        )
        for one in found
    ]


def of_unit(office: Office, unit_id: str | None) -> UnitHands:
    """The devices a unit has on its people, each with who carries it now."""
    if unit_id is None:
        return UnitHands()
    with reading(office.engine) as conn:
        kinds = {
            row.id: row.kind
            for row in units.every_device(conn)
            if row.unit_id == unit_id and row.revoked_at is None and row.kind in CARRIED
        }
        found = carriers_now(conn, kinds, office.clock())
        members = units.members_of(conn, unit_id)
    return UnitHands(tuple(_view(each, found[each]) for each in kinds), kinds, tuple(members))


def members_for(office: Office, device_id: str) -> list[str]:
    """Who may be given this device: the members of its unit. Raises Missing."""
    with reading(office.engine) as conn:
        device = units.find_device(conn, device_id)
        if device is None:
            raise Missing("device", device_id)
        return units.members_of(conn, device.unit_id) if device.unit_id else []


def _by(handed: list[tuple[datetime, datetime | None, str]], at: datetime) -> str | None:
    return next(
        (by for start, end, by in handed if start <= at and (end is None or at < end)), None
    )


def _moment(at: datetime | None, now: datetime) -> datetime:
    """A phone's clock may be ahead, never far behind."""
    if at is None or at >= now:
        return now
    if at < now - LATEST:
        raise Invalid("at", "must lie within the last day")
    return at


def _later_word(conn: Connection, device_id: str, to: Hands, *, at: datetime, by: str) -> bool:
    """Whether this very word was told before. Raises Conflict when a later one stands."""
    known = custody.rows(conn, device_id)
    if any((r.begun_at, r.unit_id, r.member, r.by) == (at, *_pair(to), by) for r in known):
        return True
    if known and known[0].begun_at is not None and known[0].begun_at > at:
        raise Conflict(f"{device_id} changed hands since; look who has it now.")
    return False


def _pair(to: Hands) -> tuple[str | None, str | None]:
    return to.unit_id, to.member


def _check_member(conn: Connection, unit_id: str | None, member: str | None) -> None:
    if unit_id is not None and units.find(conn, unit_id) is None:
        raise Missing("unit", unit_id)
    if member is None:
        return
    if unit_id is None:
        raise Invalid("member", "needs a unit; give the device to a unit first")
    if member not in units.members_of(conn, unit_id):
        raise Invalid("member", f"is not in {unit_id}; take one of its members")


def _view(device_id: str, found: Carrier) -> CarrierView:
    return CarrierView(device_id, found.unit_id, found.member, found.bound.value, found.planned)
