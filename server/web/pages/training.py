"""Training runs on the models page: start one, watch it, cancel it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from server.domain.roles import Action
from server.domain.training import RunState, is_lost
from server.services import training
from server.web.access import current_actor, current_office, needs
from server.web.pages.notices import then_back
from server.web.translation import translate

blueprint = Blueprint("training", __name__)

STATES = {
    "waiting": "等待开始",
    "running": "训练中",
    "done": "已完成",
    "failed": "失败",
    "cancelled": "已取消",
}
TONES = {"done": "good", "failed": "bad", "cancelled": "warn"}
STAGES = {
    "read": "读取样本",
    "folds": "分组检验",
    "fit": "拟合词语",
    "encode": "提取语义",
    "heads": "拟合语义",
    "choose": "选定阈值",
    "write": "写入模型",
}
_FAULTS = {
    "lost": "训练进程失去联系，结果作废",
    "stopped": "服务停止，训练中断",
    "time": "超过限定时间，已终止",
    "memory": "超过限定内存，已终止",
}


@blueprint.post("/console/models/train")
@needs(Action.MANAGE_MODELS)
def start() -> Response:
    """Ask for a training run; a worker takes it within seconds."""

    def act() -> str:
        encoder = request.form.get("encoder", "")
        training.ask(current_office(), actor=current_actor(), encoder=encoder)
        if encoder == training.RISK:
            return "已安排重拟复发风险，几秒内开始。"
        return "已安排训练，几秒内开始。"

    return then_back(act, url_for("learning.models_page"))


@blueprint.post("/console/models/train/<run_id>/cancel")
@needs(Action.MANAGE_MODELS)
def cancel(run_id: str) -> Response:
    """End a training run."""

    def act() -> str:
        training.cancel(current_office(), run_id, actor=current_actor())
        return "已要求取消训练。"

    return then_back(act, url_for("learning.models_page"))


def facts() -> dict[str, Any]:
    """What ``_training.html`` shows."""
    now = current_office().clock()
    runs = training.log(current_office())
    return {
        "runs": [
            {"row": row, "lost": is_lost(row.state, row.lease_until, now), "fault": _fault(row)}
            for row in runs
        ],
        "busy": any(row.state in {RunState.WAITING, RunState.RUNNING} for row in runs),
        "states": STATES,
        "tones": TONES,
        "stages": STAGES,
    }


def _fault(row: Any) -> str:
    said = str(row.fault or "")
    kind, _, sentence = said.partition(": ")
    if sentence.startswith("The refit is not kept"):
        return f"{translate('历史太短或拟合不稳，重拟未保存')} ({sentence.partition(': ')[2]})"
    return _FAULTS.get(kind, sentence or kind)
