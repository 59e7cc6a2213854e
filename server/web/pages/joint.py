"""Joint cases on the console: the desk answers for the police, and asks them anew."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from server.domain.errors import Invalid
from server.domain.joint import PoliceAnswer
from server.domain.roles import Action
from server.services import joint
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms, words
from server.web.pages.notices import then_back

blueprint = Blueprint("joint", __name__)


@blueprint.post("/console/cases/<case_id>/police")
@needs(Action.SPEAK_FOR_POLICE)
def answer(case_id: str) -> Response:
    """What the police said, by voice or at the desk."""

    def act() -> str:
        said = _answer()
        joint.answer(
            current_office(),
            case_id,
            said,
            officer=forms.text("officer"),
            minutes=_minutes(),
            actor=current_actor(),
        )
        return f"公安回话已记下：{words.POLICE_ANSWERS[said]}。"

    return then_back(act, _back(case_id))


@blueprint.post("/console/cases/<case_id>/police/again")
@needs(Action.SPEAK_FOR_POLICE)
def again(case_id: str) -> Response:
    """Ask the police anew after silence."""

    def act() -> str:
        joint.ask_again(current_office(), case_id, current_actor())
        return "已再次提请公安。"

    return then_back(act, _back(case_id))


def unheard() -> int:
    """Joint cases of which the police were not reached or have not answered."""
    return joint.standing_count(current_office())[1]


def _answer() -> PoliceAnswer:
    try:
        return PoliceAnswer(request.form.get("answer", ""))
    except ValueError as error:
        raise Invalid("answer", "请选择公安的回话") from error


def _minutes() -> float | None:
    said = forms.text("minutes")
    if said is None:
        return None
    if not (said.isascii() and said.isdigit()):
        raise Invalid("minutes", "分钟请填数字")
    return float(said)


def _back(case_id: str) -> str:
    return forms.back(url_for("console.console", case=case_id))
