"""Pages of what follows a closed case: tasks, agreements, the call back."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from server.domain.aftercare import AgreementState, Party, Satisfaction, TaskKind, TaskState
from server.domain.errors import Invalid
from server.domain.roles import Action
from server.services import aftercare, agreements
from server.store.aftercare import TaskFilter
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms, words
from server.web.pages.notices import then_back

blueprint = Blueprint("aftercare", __name__)

TASKS = "/console/tasks"
AGREEMENTS = "/console/agreements"
PAGE = 50
Word = TypeVar("Word", bound=StrEnum)


@blueprint.get(TASKS)
@needs(Action.FOLLOW_UP)
def tasks() -> str:
    """Tasks that closed cases left behind, earliest due first."""
    state = _asked("state", TaskState) if "state" in request.args else TaskState.OPEN
    wanted = TaskFilter(state, _asked("party", Party), _asked("kind", TaskKind))
    office = current_office()
    after = request.args.get("after")
    page = aftercare.task_page(office, wanted, current_actor(), after=after, limit=PAGE)
    return render_template(
        "tasks.html",
        page=page,
        counts=aftercare.counts(office),
        state=state,
        states=words.TASK_STATES,
        kinds=words.TASKS,
        parties=words.PARTIES,
        satisfactions=words.SATISFACTIONS,
    )


@blueprint.post(f"{TASKS}/<task_id>/done")
@needs(Action.FOLLOW_UP)
def done(task_id: str) -> Response:
    """A task is done."""

    def act() -> str:
        note = forms.text("note")
        aftercare.finish_task(current_office(), task_id, note=note, actor=current_actor())
        return "任务已办。"

    return then_back(act, forms.back(TASKS))


@blueprint.post("/console/cases/<case_id>/callback")
@needs(Action.CALL_BACK)
def call_back(case_id: str) -> Response:
    """What the parties said when called after the end."""

    def act() -> str:
        said = aftercare.call_back(
            current_office(),
            case_id,
            satisfaction=_said(),
            relapse="relapse" in request.form,
            note=forms.text("note"),
            key=forms.key(),
            actor=current_actor(),
        )
        return "已重新受理。" if said.reopened else "回访已记录。"

    return then_back(act, forms.back(TASKS))


@blueprint.get(AGREEMENTS)
@needs(Action.FOLLOW_UP)
def all_agreements() -> str:
    """Agreements and what of them is performed."""
    state = _asked("state", AgreementState)
    after = request.args.get("after")
    page = agreements.page(current_office(), current_actor(), state=state, after=after, limit=PAGE)
    return render_template("agreements.html", page=page, forms=words.AGREEMENT_FORMS)


@blueprint.post(f"{AGREEMENTS}/<agreement_id>/<int:number>")
@needs(Action.ACT_ON_CASE)
def performed(agreement_id: str, number: int) -> Response:
    """An instalment was performed."""

    def act() -> str:
        remote = "remote" in request.form
        made = agreements.perform(
            current_office(), agreement_id, number, remote=remote, actor=current_actor()
        )
        return "协议已全部履行。" if made.state == AgreementState.FULFILLED else "已记为履行。"

    return then_back(act, forms.back(AGREEMENTS))


def _asked(name: str, kind: type[Word]) -> Word | None:
    """A filter of the address; a word nobody knows filters nothing."""
    try:
        return kind(request.args.get(name, ""))
    except ValueError:
        return None


def _said() -> Satisfaction:
    try:
        return Satisfaction(request.form.get("satisfaction", ""))
    except ValueError as error:
        raise Invalid("satisfaction", "请选择回访结果") from error
