"""The form of an agreement: its terms, and when which part is to be performed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from uuid import uuid4

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from server.domain.aftercare import MAX_INSTALMENTS, AgreementForm, Instalment
from server.domain.errors import Invalid
from server.domain.instalments import EVERY_NAMES_ZH, Every, Part, schedule
from server.domain.roles import Action
from server.services import agreements, reading
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms, lists, words
from server.web.pages.notices import in_chinese, then_back
from server.web.translation import translate

blueprint = Blueprint("agreeing", __name__)

EMPTY_LINES = 3
USUAL_MONTHS = 1
"""An agreement is usually performed within a month."""


@blueprint.get("/console/cases/<case_id>/agreement")
@needs(Action.ACT_ON_CASE)
def agreement(case_id: str) -> str:
    """The form, its table drafted from ``total``, ``parts``, ``first`` and ``every`` if given."""
    office, actor = current_office(), current_actor()
    found = reading.case(office, case_id, actor)
    fault = ""
    lines: Sequence[Part] = ()
    try:
        lines = _draft()
    except Invalid as error:
        fault = in_chinese(error)
    today = office.clock().astimezone(lists.zone()).date()
    return render_template(
        "agreement.html",
        case=found,
        made=agreements.page(office, actor, case_id=case_id).items,
        names=words.AGREEMENT_FORMS,
        every_names={one.value: translate(name) for one, name in EVERY_NAMES_ZH.items()},
        lines=lines,
        empty_lines=EMPTY_LINES if len(lines) + EMPTY_LINES <= MAX_INSTALMENTS else 0,
        first=today + timedelta(days=30 * USUAL_MONTHS),
        most=MAX_INSTALMENTS,
        fault=fault,
        key=uuid4().hex,
    )


@blueprint.post("/console/cases/<case_id>/agreement")
@needs(Action.ACT_ON_CASE)
def agree(case_id: str) -> Response:
    """Record the agreement; the form's key makes it act once."""

    def act() -> str:
        terms = forms.text("terms")
        if terms is None:
            raise Invalid("terms", "请写明约定的内容")
        made = agreements.record(
            current_office(),
            case_id,
            form=_form(),
            terms=terms,
            instalments=_instalments(),
            key=forms.key(),
            actor=current_actor(),
        )
        return f"协议已记录，共{len(made.instalments)}期。"

    return then_back(act, f"/console/cases/{case_id}/agreement")


def _draft() -> Sequence[Part]:
    said = request.args
    if not said.get("parts"):
        return ()
    try:
        total = float(said["total"]) if said.get("total") else None
        count, first = int(said["parts"]), date.fromisoformat(said.get("first", ""))
        every = Every(said.get("every", Every.MONTH))
    except ValueError as error:
        raise Invalid("parts", "请填期数和首期日期，金额填数字") from error
    return schedule(total, count, first, every)


def _form() -> AgreementForm:
    try:
        return AgreementForm(request.form.get("form", ""))
    except ValueError as error:
        raise Invalid("form", "请从列表中选择") from error


def _instalments() -> list[Instalment]:
    """The lines that have a date; each is due at the end of that local day."""
    dates, sums = request.form.getlist("due"), request.form.getlist("amount")
    if len(dates) != len(sums) or len(dates) > MAX_INSTALMENTS:
        raise Invalid("parts", "请刷新页面后重试")
    return [
        Instalment(_end_of(day), _amount(amount))
        for day, amount in zip(dates, sums, strict=True)
        if _is_filled(day, amount)
    ]


def _is_filled(day: str, amount: str) -> bool:
    if amount.strip() and not day.strip():
        raise Invalid("parts", "有金额的一期请填日期")
    return bool(day.strip())


def _end_of(said: str) -> datetime:
    try:
        day = date.fromisoformat(said.strip())
    except ValueError as error:
        raise Invalid("parts", "日期看不懂，请写成2026-11-03") from error
    return datetime.combine(day, time(23, 59, 59), lists.zone())


def _amount(said: str) -> float | None:
    text = said.strip().replace(",", "").replace("，", "")
    if not text:
        return None
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount <= forms.MAX_AMOUNT_YUAN:
        raise Invalid("amount_yuan", "金额请填0以上的数字，单位元")
    return amount
