"""Second looks on the console: two cases that are one event, and the random audit."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from server.domain.errors import Invalid
from server.domain.roles import Action
from server.services import audits, duplicates
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms
from server.web.pages.notices import then_back

blueprint = Blueprint("console_review", __name__)


@blueprint.post("/console/cases/<case_id>/join")
@needs(Action.CORRECT)
def join(case_id: str) -> Response:
    """Join a case to another that is the same event; ``into`` is its id, or ``number`` its end."""
    into = request.form.get("into") or ""

    def act() -> str:
        office, number = current_office(), forms.text("number") or ""
        if not into and len(number) < 4:
            raise Invalid("number", "请写编号的后六位")
        chosen = into or duplicates.case_with_number(office, number)
        duplicates.join(office, case_id, chosen, forms.join_reason(), current_actor())
        return "已并入，原警情已结，可在“经过”上方撤销。"

    return then_back(act, forms.back(url_for("console.console", case=case_id)))


@blueprint.post("/console/joins/<int:number>/undo")
@needs(Action.CORRECT)
def undo_join(number: int) -> Response:
    """Take two joined cases apart again."""

    def act() -> str:
        duplicates.take_apart(current_office(), number, current_actor())
        return "已撤销并入，警情重新受理。"

    return then_back(act, forms.back(url_for("console.console")))


@blueprint.post("/console/reports/<report_id>/agree")
@needs(Action.CORRECT)
def agree(report_id: str) -> Response:
    """The random audit of a report: the model was right."""

    def act() -> str:
        audits.agree(current_office(), report_id, current_actor())
        return "已记下：研判无误。"

    return then_back(act, forms.back(url_for("console.report", report_id=report_id)))
