"""Devices in people's hands: the list, who carried which when, handing one over."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from server.domain.roles import Action, Actor
from server.domain.views import Page
from server.office import Office
from server.services import carrying
from server.services import devices as services
from server.services.carrying import CarrierView, StretchView
from server.services.devices import DeviceView
from server.web.contract import ID_PATTERN, Body, Operations, Query
from server.web.fields import Instant, ShortText

devices = Operations("devices")

A_DAY = timedelta(days=1)


class CarriersQuery(Query):
    since: Instant | None = Field(None, alias="from", description="Empty: a day before 'to'.")
    until: Instant | None = Field(None, alias="to", description="Empty: now.")


class HandBody(Body):
    """``member`` of the unit; empty: back with the unit. ``unit_id``: to another unit. ``at``: when
    it changed hands, at most a day ago; empty: now."""

    member: ShortText | None = None
    unit_id: str | None = Field(None, pattern=ID_PATTERN)
    at: Instant | None = None


@devices.get("/devices", Action.SEE_CONSOLE, answers={200: Page[DeviceView]})
def list_devices(office: Office, actor: Actor) -> Page[DeviceView]:
    """Every device: its unit, who carries it now, presence, battery, storage, alarms."""
    del actor  # the role alone decides
    return Page(tuple(services.views(office)), None)


@devices.get(
    "/devices/<device_id>/carriers",
    Action.SEE_CONSOLE,
    query=CarriersQuery,
    answers={200: Page[StretchView]},
)
def list_carriers(
    office: Office, actor: Actor, device_id: str, query: CarriersQuery
) -> Page[StretchView]:
    """Who carried a device when, from hand-overs and the roster; looking leaves a trace."""
    until = query.until or office.clock()
    since = query.since or until - A_DAY
    found = carrying.who_had(office, device_id, since=since, until=until, actor=actor)
    return Page(tuple(found), None)


@devices.post(
    "/devices/<device_id>/hand", Action.HAND_DEVICE, body=HandBody, answers={200: CarrierView}
)
def hand_device(office: Office, actor: Actor, device_id: str, body: HandBody) -> CarrierView:
    """Hand a device to a member, or back to the unit; a mediator within the own unit. 409 when it
    changed hands since."""
    member = (body.member or "").strip() or None
    return carrying.hand(
        office, device_id, member=member, unit_id=body.unit_id, at=body.at, actor=actor
    )
