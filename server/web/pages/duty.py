"""The roster's page: who is on duty, where cover falls short, taking a sheet in."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, flash, render_template, request
from werkzeug.wrappers import Response

from server.domain.errors import Invalid
from server.domain.roles import Action
from server.services import breaks, duty
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms, lists
from server.web.pages.notices import then_back

blueprint = Blueprint("duty", __name__)

HERE = "/console/duty"
SHOWN_REFUSALS = 5
_FIELD = "%Y-%m-%dT%H:%M"
"""As a browser's field for a day and a time wants it."""


@blueprint.get(HERE)
@needs(Action.READ_DUTY)
def roster() -> str:
    """Shifts from now on, gaps in cover ahead, cases to hand over."""
    office = current_office()
    hour = office.clock().astimezone(lists.zone()).replace(minute=0, second=0, microsecond=0)
    return render_template(
        "duty.html",
        duty=duty.duty_view(office),
        break_from=(hour + timedelta(hours=1)).strftime(_FIELD),
        break_to=(hour + timedelta(hours=2)).strftime(_FIELD),
    )


@blueprint.post(HERE)
@needs(Action.MANAGE_DUTY)
def take_sheet() -> Response:
    """Take in a roster sheet."""

    def act() -> str:
        given = request.files.get("file")
        if given is None or not given.filename:
            raise Invalid("file", "请先选择排班表文件")
        content = given.read(duty.MAX_BYTES + 1)
        made = duty.import_sheet(current_office(), content, given.filename, current_actor())
        for refusal in made.refused[:SHOWN_REFUSALS]:
            flash(f"第{refusal.line}行未导入：{refusal.why}。", "bad")
        return f"导入{made.taken}个班次，已有{made.known}个，未导入{len(made.refused)}行。"

    return then_back(act, HERE)


@blueprint.post(f"{HERE}/breaks")
@needs(Action.MANAGE_DUTY)
def add_break() -> Response:
    """A break of a unit inside its shift, in local time."""

    def act() -> str:
        start, end = _moment("start"), _moment("end")
        breaks.add(current_office(), forms.unit_id(), start, end, actor=current_actor())
        return "休息已安排。"

    return then_back(act, HERE)


@blueprint.post(f"{HERE}/breaks/remove")
@needs(Action.MANAGE_DUTY)
def remove_break() -> Response:
    """Take a break out again."""

    def act() -> str:
        breaks.remove(current_office(), forms.unit_id(), _instant("start"), actor=current_actor())
        return "休息已取消。"

    return then_back(act, HERE)


def _moment(name: str) -> datetime:
    """A local day and time as browsers write them: ``2026-11-05T12:30``."""
    said = _instant(name)
    return said if said.tzinfo else said.replace(tzinfo=lists.zone())


def _instant(name: str) -> datetime:
    try:
        return datetime.fromisoformat(request.form.get(name, ""))
    except ValueError as error:
        raise Invalid("break", "时间看不懂，请写成2026-11-05 12:30") from error
