"""Pages of the learning loop: models and what was decided of them; labels that want a look."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from server.domain.roles import Action
from server.services import models, opinions
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms, promotion, training, words
from server.web.pages.notices import then_back

blueprint = Blueprint("learning", __name__)

_DRIFTS = {"label": "类别占比", "police_score": "警务得分分布"}
_KINDS = {"gate": "比对", "promoted": "上线", "rolled_back": "退回"}


@blueprint.get("/console/models")
@needs(Action.MANAGE_MODELS)
def models_page() -> str:
    """Every model with its figures, what was decided, and whether what arrives has changed."""
    office = current_office()
    return render_template(
        "models.html",
        known=models.known(office),
        fault=getattr(office.judge, "fault", None),
        decisions=models.history(office),
        drifts=models.drifts(office),
        drift_names=_DRIFTS,
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
    """Reports that want one more look, the guide, and how far people agree."""
    office, actor = current_office(), current_actor()
    return render_template(
        "labels.html",
        waiting=opinions.queue(office, actor),
        agreement=opinions.agreement(office),
        may_settle=actor.may(Action.ADJUDICATE),
    )


@blueprint.post("/console/labels/<report_id>")
@needs(Action.CORRECT)
def say(report_id: str) -> Response:
    """A second opinion, or the word that settles a conflict."""

    def act() -> str:
        label, category = forms.label_and_category()
        settles = request.form.get("settles") == "yes"
        kept = opinions.adjudicate if settles else opinions.second
        kept(
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
