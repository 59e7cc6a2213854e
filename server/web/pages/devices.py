"""The devices' page: who carries what, how long it lasts; new ones get a login with a QR code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import segno
from flask import Blueprint, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from server.domain.roles import Action
from server.services import alarms, carrying, devices, roster, units
from server.services.roster import Credentials
from server.web.access import current_actor, current_office, needs
from server.web.pages import words
from server.web.pages.notices import then_back

blueprint = Blueprint("devices", __name__)

HERE = "/console/devices"
LOW_BATTERY_H = 1.0
LOW_STORAGE_H = 2.0
SKEW_S = 30
LOOSE = frozenset({"off_duty", "unit", "nobody"})
"""Nobody on duty has it: a track of it belongs to no one."""
LOOK_BACK = timedelta(days=7)


@blueprint.get(HERE)
@needs(Action.SEE_CONSOLE)
def listed() -> str:
    """Every device with its unit, its link, what is left of battery and storage."""
    office = current_office()
    unit_id = request.args.get("unit") or None
    found = devices.views(office, unit_id=unit_id)
    loose = [view for view in found if view.bound in LOOSE]
    return render_template(
        "devices.html",
        devices=loose if request.args.get("bound") == "loose" else found,
        loose=len(loose),
        bound_words=words.BOUND,
        unit_names={unit.id: unit.name for unit in units.unit_views(office, current_actor())},
        kinds=words.DEVICE_KINDS,
        alarm_words=words.ALARMS,
        limits={"battery_h": LOW_BATTERY_H, "storage_h": LOW_STORAGE_H, "skew_s": SKEW_S},
        may_manage=current_actor().may(Action.MANAGE_DEVICES),
        may_end=current_actor().may(Action.ASSIGN),
    )


@blueprint.post(HERE)
@needs(Action.MANAGE_DEVICES)
def add() -> str | Response:
    """Registers a device and shows its login, this once."""
    form, made = request.form, []

    def act() -> str:
        device_id = form.get("device_id", "").strip()
        made.append(
            roster.add_device(
                current_office(),
                device_id,
                kind=form.get("kind", ""),
                unit_id=form.get("unit_id") or None,
                actor=current_actor(),
            )
        )
        return f"已登记设备{device_id}。"

    return _slip(act, made)


@blueprint.post(f"{HERE}/<device_id>/renew")
@needs(Action.MANAGE_DEVICES)
def renew(device_id: str) -> str | Response:
    """A new login for a device whose old one is lost."""
    made: list[Credentials] = []

    def act() -> str:
        made.append(devices.renew(current_office(), device_id, actor=current_actor()))
        return f"{device_id}已换密码，旧密码立即失效。"

    return _slip(act, made)


@blueprint.post(f"{HERE}/<device_id>/revoke")
@needs(Action.MANAGE_DEVICES)
def revoke(device_id: str) -> Response:
    """Its account ends; a live connection is closed."""

    def act() -> str:
        roster.revoke_device(current_office(), device_id, actor=current_actor())
        return f"{device_id}已停用。"

    return then_back(act, HERE)


@blueprint.post(f"{HERE}/<device_id>/bind")
@needs(Action.MANAGE_DEVICES)
def bind(device_id: str) -> Response:
    """Who carries it, in which unit, through which gateway."""
    form = request.form

    def act() -> str:
        devices.bind(
            current_office(),
            device_id,
            unit_id=form.get("unit_id") or None,
            member=form.get("member", "").strip()[:64] or None,
            gateway=form.get("gateway", "").strip() or None,
            actor=current_actor(),
        )
        return f"{device_id}已更新。"

    return then_back(act, HERE)


@blueprint.get(f"{HERE}/<device_id>/carriers")
@needs(Action.SEE_CONSOLE)
def carriers(device_id: str) -> str:
    """Who carried a device in the last seven days, and the form that hands it over."""
    office, actor = current_office(), current_actor()
    now = office.clock()
    found = carrying.who_had(office, device_id, since=now - LOOK_BACK, until=now, actor=actor)
    return render_template(
        "device_carriers.html",
        device_id=device_id,
        stretches=found[::-1],
        members=carrying.members_for(office, device_id),
        unit_names={unit.id: unit.name for unit in units.unit_views(office, actor)},
        bound_words=words.BOUND,
        may_hand=actor.may(Action.HAND_DEVICE),
    )


@blueprint.post(f"{HERE}/<device_id>/hand")
@needs(Action.HAND_DEVICE)
def hand(device_id: str) -> Response:
    """Into other hands of the same unit, from now on."""
    member = request.form.get("member", "").strip() or None

    def act() -> str:
        carrying.hand(current_office(), device_id, member=member, actor=current_actor())
        return f"{device_id}已交接。"

    return then_back(act, f"{HERE}/{device_id}/carriers")


@blueprint.post(f"{HERE}/<device_id>/alarm")
@needs(Action.ASSIGN)
def end_alarm(device_id: str) -> Response:
    """A person has looked into an alarm and ends it."""

    def act() -> str:
        kind = request.form.get("alarm", "sos")
        alarms.end(current_office(), device_id, kind, current_actor())
        return f"{device_id}的报警已解除。"

    return then_back(act, HERE)


def _slip(act: Callable[[], str], made: list[Credentials]) -> str | Response:
    """The login on a page of its own that nobody can come back to; on a fault, the list again."""
    answer = then_back(act, HERE)
    if not made:
        return answer
    broker = broker_address()
    text = devices.slip(made[0], broker=broker)
    code = segno.make(text, error="m", micro=False)
    return render_template(
        "device_slip.html",
        login=made[0],
        broker=broker,
        # Made by segno from our own text: paths and numbers only.
        code=Markup(code.svg_inline(scale=5, border=4)),  # noqa: S704
    )


def broker_address() -> str:
    """Where devices reach the broker: as configured, else as this page's own host, port 1883."""
    settings = current_office().settings
    host = request.host.rpartition(":")[0] or request.host
    return settings.devices.broker or settings.mqtt.url or f"mqtt://{host}:1883"
