"""The roster's page: who is on duty, where cover falls short, taking a sheet in."""

from __future__ import annotations

from flask import Blueprint, flash, render_template, request
from werkzeug.wrappers import Response

from server.domain.errors import Invalid
from server.domain.roles import Action
from server.services import duty
from server.web.access import current_actor, current_office, needs
from server.web.pages.notices import then_back

blueprint = Blueprint("duty", __name__)

HERE = "/console/duty"
SHOWN_REFUSALS = 5


@blueprint.get(HERE)
@needs(Action.READ_DUTY)
def roster() -> str:
    """Shifts from now on, gaps in cover ahead, cases to hand over."""
    return render_template("duty.html", duty=duty.duty_view(current_office()))


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
