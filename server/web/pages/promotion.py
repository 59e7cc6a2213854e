"""Letting a model try, serve and go back: the forms of the models page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from server.domain.errors import Invalid
from server.domain.roles import Action
from server.services import approval, risk_weights, shadow
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms
from server.web.pages.notices import then_back

blueprint = Blueprint("promotion", __name__)


@blueprint.post("/console/models/promote")
@needs(Action.MANAGE_MODELS)
def promote() -> Response:
    """Compare a model with the one that serves, and let it serve or ask for a second person."""

    def act() -> str:
        name, why = request.form.get("name", ""), why_of_form()
        serves = approval.promote(current_office(), name, actor=current_actor(), why=why)
        return f"{name} 已上线。" if serves else f"{name} 等待另一人确认上线。"

    return _back(act)


@blueprint.post("/console/models/requests/<request_id>")
@needs(Action.MANAGE_MODELS)
def decide(request_id: str) -> Response:
    """The second person confirms or declines a promotion."""

    def act() -> str:
        office, actor, why = current_office(), current_actor(), why_of_form()
        if request.form.get("answer") == "no":
            approval.decline(office, request_id, actor=actor, why=why)
            return "已撤下上线申请。"
        return f"{approval.confirm(office, request_id, actor=actor, why=why)} 已上线。"

    return _back(act)


@blueprint.post("/console/models/shadow")
@needs(Action.MANAGE_MODELS)
def start_shadow() -> Response:
    """Let a model read live reports beside the one that serves."""

    def act() -> str:
        name, why = request.form.get("name", ""), why_of_form()
        shadow.start(current_office(), name, actor=current_actor(), why=why)
        return f"{name} 开始试运行，只比较，不影响派警。"

    return _back(act)


@blueprint.post("/console/models/shadow/end")
@needs(Action.MANAGE_MODELS)
def end_shadow() -> Response:
    """End the shadow; what it read stays."""

    def act() -> str:
        shadow.stop(current_office(), actor=current_actor())
        return "试运行已结束。"

    return _back(act)


@blueprint.post("/console/models/risk")
@needs(Action.MANAGE_MODELS)
def promote_risk() -> Response:
    """Let other weights of the recurrence rule serve."""

    def act() -> str:
        name, why = request.form.get("name", ""), why_of_form()
        risk_weights.promote(current_office(), name, actor=current_actor(), why=why)
        return f"复发风险参数 {name} 已启用。"

    return _back(act)


@blueprint.post("/console/models/risk/rollback")
@needs(Action.MANAGE_MODELS)
def roll_risk_back() -> Response:
    """Return to the weights that served before."""

    def act() -> str:
        name = risk_weights.rollback(current_office(), actor=current_actor(), why=why_of_form())
        return f"复发风险参数已退回 {name}。"

    return _back(act)


def facts() -> dict[str, Any]:
    """What ``_promotion.html`` and ``_risk_weights.html`` show."""
    office = current_office()
    weights = risk_weights.known(office)
    fault = office.risk.fault
    return {
        "shadow": shadow.view(office),
        "requests": approval.waiting(office),
        "risk": weights,
        "risk_fault": fault,
        "risk_may_go_back": bool(fault) or any(w.current and not w.shipped for w in weights),
    }


def why_of_form() -> str:
    """The reason every decision on a model needs."""
    why = forms.text("why")
    if why is None:
        raise Invalid("why", "请写明理由")
    return why


def _back(act: Any) -> Response:
    return then_back(act, url_for("learning.models_page"))
