"""Pages of the learning loop: models and what was decided of them; labels that want a look."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from server.domain.roles import Action
from server.services import choosing, models, opinions, suspects
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms, promotion, training, words
from server.web.pages.notices import then_back
from server.web.translation import translate

blueprint = Blueprint("learning", __name__)

_REASONS = {
    "audit": "随机抽查",
    "cue_against_model": "危险词与模型相反",
    "low_margin": "模型把握不足",
    "high_risk": "易复发却要转出",
    "novelty": "生词多",
}
_KINDS = {"gate": "比对", "promoted": "上线", "rolled_back": "退回"}


@blueprint.get("/console/models")
@needs(Action.MANAGE_MODELS)
def models_page() -> str:
    """Every model with its figures, and what was decided."""
    office = current_office()
    return render_template(
        "models.html",
        known=models.known(office),
        fault=getattr(office.judge, "fault", None),
        decisions=models.history(office),
        kinds=_KINDS,
        training=training.facts(),
        promotion=promotion.facts(),
    )


@blueprint.post("/console/models/rollback")
@needs(Action.MANAGE_MODELS)
def rollback() -> Response:
    """Return to the model that served before."""

    def act() -> str:
        name = models.rollback(current_office(), actor=current_actor(), why=promotion.why_of_form())
        return f"已退回 {name}。"

    return then_back(act, url_for("learning.models_page"))


@blueprint.get("/console/labels")
@needs(Action.CORRECT)
def labels_page() -> str:
    """Reports that want a look, the guide, what the audit says, and how far people agree."""
    office, actor = current_office(), current_actor()
    return render_template(
        "labels.html",
        waiting=opinions.queue(office, actor),
        next=choosing.to_label(office),
        reasons={name: translate(said) for name, said in _REASONS.items()},
        estimate=choosing.estimate(office),
        doubted=suspects.queue(office, actor),
        concord=opinions.concord(office),
        may_settle=actor.may(Action.ADJUDICATE),
    )


@blueprint.post("/console/labels/<report_id>")
@needs(Action.CORRECT)
def say(report_id: str) -> Response:
    """A first word on a chosen report, a second opinion, or the word that settles a conflict."""

    def act() -> str:
        label, category = forms.label_and_category()
        _keeper()(
            current_office(),
            report_id,
            label=label,
            category=category,
            actor=current_actor(),
            why=forms.text("why"),
        )
        named = words.category(category) if category else words.LABELS[label.value]
        return f"已记下：{named}。"

    return then_back(act, url_for("learning.labels_page"))


def _keeper() -> Callable[..., None]:
    """What the form's kind of question does with the answer."""
    if request.form.get("settles") == "yes":
        return opinions.adjudicate
    if reason := request.form.get("reason"):
        return partial(choosing.say, reason=reason)
    doubted = request.form.get("doubted") == "yes"
    return partial(opinions.second, purpose="suspect" if doubted else "second")
