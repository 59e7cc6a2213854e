"""Pages of effect: the experiment that runs, and whether diversion treats people alike."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from server.domain.errors import Invalid
from server.domain.experiment import LOOKS, Arm
from server.domain.roles import Action
from server.services import experiments, fairness
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms, words
from server.web.pages.notices import then_back
from server.web.translation import translate

blueprint = Blueprint("effect", __name__)

ARMS = {"shadow": "不看模型", "suggest": "模型建议，人来定", "auto": "模型自动分流"}
OUTCOMES = {
    "minutes_to_arrival": "到场分钟",
    "settled_on_spot": "当场化解",
    "repeat_90d": "90天内再报警",
    "wrong_route": "去向错误",
}
_FIGURES = {
    "diverted": "纠纷直接派给调解队",
    "missed": "警务被转出",
    "waited": "到场超时",
}
_TRAITS = {"area": "社区", "category": "类别", "source": "来源", "style": "说法"}
_STYLES = {
    "plain": "普通",
    "short": "很短",
    "third_person": "转述",
    "dialect": "方言",
    "elsewhere": "不在社区内",
}


@blueprint.get("/console/experiment")
@needs(Action.MANAGE_MODELS)
def experiment_page() -> str:
    """The running experiment with its looks, earlier ones, and a form to register the next."""
    found = experiments.every(current_office())
    running = next((one for one in found if one.ended_at is None), None)
    return render_template(
        "experiment.html",
        running=running,
        past=[one for one in found if one.ended_at is not None],
        arms=_translated(ARMS),
        outcomes=_translated(OUTCOMES),
        looks=LOOKS,
        fewest=experiments.FEWEST,
        most=experiments.MOST,
    )


@blueprint.post("/console/experiment")
@needs(Action.MANAGE_MODELS)
def start() -> Response:
    """Register an experiment; it begins with the next case."""

    def act() -> str:
        experiments.register(
            current_office(),
            name=request.form.get("name", "").strip(),
            why=_why(),
            arms=_arms(),
            planned=_planned(),
            actor=current_actor(),
        )
        return "试验已登记，从下一件警情开始。"

    return then_back(act, url_for("effect.experiment_page"))


@blueprint.post("/console/experiment/end")
@needs(Action.MANAGE_MODELS)
def end() -> Response:
    """End the running experiment; every case is routed by the model again."""

    def act() -> str:
        experiments.end(current_office(), why=_why(), actor=current_actor())
        return "试验已结束，恢复自动分流。"

    return then_back(act, url_for("effect.experiment_page"))


@blueprint.get("/console/fairness")
@needs(Action.MANAGE_MODELS)
def fairness_page() -> str:
    """Who is handed on, missed or kept waiting more often than others alike, with intervals."""
    return render_template(
        "fairness.html",
        figures=fairness.figures(current_office()),
        names=_translated(_FIGURES),
        traits=_translated(_TRAITS),
        group=_group,
        days=fairness.DAYS,
    )


def _group(trait: str, name: str) -> str:
    return translate(words.category(name) if trait == "category" else _STYLES.get(name, name))


def _translated(names: dict[str, str]) -> dict[str, str]:
    return {key: translate(name) for key, name in names.items()}


def _arms() -> list[Arm]:
    try:
        return [Arm(arm) for arm in request.form.getlist("arms")]
    except ValueError as error:
        raise Invalid("arms", "请从列表中选择") from error


def _planned() -> int:
    said = request.form.get("cases", "")
    if not (said.isascii() and said.isdigit() and len(said) <= 6):
        raise Invalid("cases", "计划件数请填整数")
    return int(said)


def _why() -> str:
    why = forms.text("why")
    if why is None:
        raise Invalid("why", "请写明理由")
    return why
