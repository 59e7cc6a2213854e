"""What the operator does, as plain forms: each does one thing and returns to the page."""

from __future__ import annotations

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from server.domain.roles import Action
from server.services import dispatch, handing, proof, review, tracking
from server.web.access import current_actor, current_office, needs
from server.web.pages import acts, forms, words
from server.web.pages.notices import then_back

blueprint = Blueprint("console_actions", __name__)


@blueprint.post("/console/cases/<case_id>/assign")
@needs(Action.ASSIGN)
def assign(case_id: str) -> Response:
    """The chosen unit, or the best one; ``instead_of`` takes the case from its present unit."""

    def act() -> str:
        made = dispatch.assign(
            current_office(),
            case_id,
            request.form.get("unit_id") or None,
            current_actor(),
            instead_of=request.form.get("instead_of") or None,
        )
        assert made.assignment is not None, "an assigned case names its unit"
        return f"已派{made.assignment.unit_name}。"

    return then_back(act, _back(case_id))


@blueprint.post("/console/cases/<case_id>/route")
@needs(Action.CORRECT)
def route(case_id: str) -> Response:
    """Decide where a case goes."""

    def act() -> str:
        decided = forms.route()
        review.decide_route(
            current_office(), case_id, decided, actor=current_actor(), why=forms.text("why")
        )
        return f"去向已定：{words.ROUTES[decided.value]}。"

    return then_back(act, _back(case_id))


@blueprint.post("/console/cases/<case_id>/steps/<step>/overrule")
@needs(Action.OVERRULE)
def overrule(case_id: str, step: str) -> Response:
    """Set a step's verdict by a person's word."""

    def act() -> str:
        made = proof.overrule(
            current_office(),
            case_id,
            forms.step_named(step),
            forms.verdict(),
            why=forms.text("why") or "",
            actor=current_actor(),
        )
        return f"已认定{words.STEPS[made.step]}：{words.VERDICTS[made.evidence.verdict]}。"

    return then_back(act, _back(case_id))


@blueprint.post("/console/cases/<case_id>/steps")
@needs(Action.ACT_ON_CASE)
def step(case_id: str) -> Response:
    """Post a step for the unit."""

    def act() -> str:
        taken = forms.step()
        made = tracking.post_step(
            current_office(), case_id, taken, at=None, key=forms.key(), actor=current_actor()
        )
        return f"已代填{words.STEPS[taken.value]}（{words.VERDICTS[made.evidence.verdict]}）。"

    return then_back(act, _back(case_id))


@blueprint.post("/console/cases/<case_id>/refuse")
@needs(Action.ACT_ON_CASE)
def refuse(case_id: str) -> Response:
    """Hand the case back for its unit, which said so by voice."""

    def act() -> str:
        dispatch.refuse(current_office(), case_id, forms.refusal(), current_actor())
        return "已代单元退单。"

    return then_back(act, _back(case_id))


@blueprint.post("/console/cases/<case_id>/recall")
@needs(Action.ACT_ON_CASE)
def recall(case_id: str) -> Response:
    """In one touch to the police; the unit is called off."""

    def act() -> str:
        handing.recall(current_office(), case_id, current_actor())
        return "已交警方，单元的手机会显示离开现场。"

    return then_back(act, _back(case_id))


@blueprint.post("/console/cases/<case_id>/close")
@needs(Action.ACT_ON_CASE)
def close(case_id: str) -> Response:
    """Close a case with its disposition."""
    return then_back(lambda: acts.close(case_id), _back(case_id))


@blueprint.post("/console/reports/<report_id>/label")
@needs(Action.CORRECT)
def label(report_id: str) -> Response:
    """Correct the label of a report."""

    def act() -> str:
        said, category = forms.label_and_category()
        review.correct(
            current_office(),
            report_id,
            label=said,
            category=category,
            why=forms.text("why"),
            actor=current_actor(),
            screen="console",
        )
        return f"已更正为{words.category(category) if category else words.LABELS[said.value]}。"

    return then_back(act, forms.back(url_for("console.report", report_id=report_id)))


def _back(case_id: str) -> str:
    return forms.back(url_for("console.console", case=case_id))
