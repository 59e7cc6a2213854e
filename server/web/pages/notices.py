"""What a page says after a form: done, or what to do about the error, in Chinese."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect
from werkzeug.wrappers import Response

from server.domain.errors import (
    AlreadyAssigned,
    CaseClosed,
    Conflict,
    Invalid,
    Missing,
    MovedSince,
    NotAllowed,
    OfficeError,
    OutOfOrder,
)
from server.services import units
from server.web.access import current_actor, current_office

_FIELDS = {
    "category": "类别",
    "amount_yuan": "金额",
    "note": "说明",
    "route": "去向",
    "step": "步骤",
    "disposition": "办结方式",
    "file": "文件",
    "reason": "退单原因",
    "verdict": "认定",
    "why": "理由",
    "other": "另一人",
    "reports": "警情",
    "unit_id": "单元",
    "count": "驻点数",
    "share": "目标占比",
    "minutes": "时限",
    "speed": "车速",
    "number": "编号",
    "terms": "约定",
    "form": "形式",
    "parts": "分期",
    "instalments": "分期",
    "break": "休息",
}


def then_back(act: Callable[[], str], address: str) -> Response:
    """Do it, say how it went, and show the page again (so that reloading repeats nothing)."""
    try:
        flash(act(), "good")
    except OfficeError as error:
        flash(in_chinese(error), "bad")
    return redirect(address, code=303)


def in_chinese(error: OfficeError) -> str:
    """The error as one sentence for the person at the page."""
    if isinstance(error, AlreadyAssigned):
        return f"{_unit_name(error.winner)}已先接手，页面已更新。"
    if isinstance(error, Invalid):
        return _invalid(error)
    for kind, said in _SAID:
        if isinstance(error, kind):
            return said
    return "未能完成，请稍后重试。"


_SAID: tuple[tuple[type[OfficeError], str], ...] = (
    (CaseClosed, "警情已办结，不能再改。"),
    (OutOfOrder, "请先签收，再做后面的步骤。"),
    (MovedSince, "之后又有合并或拆分，请先撤销后面的一步。"),
    (Conflict, "未能完成：警情或单元的状态已变，请看更新后的页面再试。"),
    (NotAllowed, "当前账号没有此权限。"),
    (Missing, "没有找到，请刷新页面。"),
)


def _invalid(error: Invalid) -> str:
    name = _FIELDS.get(error.field)
    why = str(error).partition(": ")[2]
    chinese = any("\u4e00" <= letter <= "\u9fff" for letter in why)
    said = why if chinese else "填写有误，请检查后重试"
    return f"{name}：{said}。" if name else said


def _unit_name(unit_id: str) -> str:
    found = units.unit_views(current_office(), current_actor())
    return next((unit.name for unit in found if unit.id == unit_id), unit_id)
