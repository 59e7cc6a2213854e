"""The file of a hard case: taken from the console for the conflict centre, its receipt noted."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.domain.errors import Conflict
from server.domain.roles import Action
from server.services import casefile
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms, lists
from server.web.pages.notices import in_chinese, then_back

blueprint = Blueprint("casefile", __name__)


@blueprint.post("/console/cases/<case_id>/file.zip")
@needs(Action.TAKE_FILE)
def take(case_id: str) -> AnyResponse:
    """A form and no link, because taking the file is told: nothing fetches it ahead."""
    try:
        made = casefile.take(current_office(), case_id, current_actor())
    except Conflict as error:
        flash(in_chinese(error), "bad")
        return redirect(_back(case_id), code=303)
    answer = Response(made.content, content_type="application/zip")
    answer.headers["X-Content-SHA256"] = made.sha256
    return lists.attached(answer, made.name)


@blueprint.post("/console/cases/<case_id>/file/receipt")
@needs(Action.TAKE_FILE)
def receive(case_id: str) -> AnyResponse:
    """The centre's number for what it received."""

    def act() -> str:
        casefile.receive(current_office(), case_id, forms.text("receipt") or "", current_actor())
        return "中心收件已记下。"

    return then_back(act, _back(case_id))


def _back(case_id: str) -> str:
    return forms.back(url_for("console.console", case=case_id))
