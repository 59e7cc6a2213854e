"""Events of the office as plain Chinese sentences, for the feed and the timelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from server.domain.findings import FINDING_NAMES_ZH, Finding
from server.domain.views import TimelineEvent
from server.web.pages import words
from server.web.pages.naming import short_id
from server.web.pages.saying import Names, Sentence, Tone
from server.web.pages.saying import said as _said
from server.web.pages.sentences_learning import LEARNING


def tell(event: TimelineEvent, names: Names) -> Sentence:
    """One sentence; an event of a kind this page does not know is still told."""
    teller = _TELLERS.get(event.kind)
    if teller is None:
        return Sentence(f"{event.kind}：{names.case(event)}".rstrip("："), feed=False)
    said = teller(event, names)
    return replace(said, text=said.text.replace("：，", "，").rstrip("："))


def _route(event: TimelineEvent, key: str = "route") -> str:
    return words.ROUTES.get(str(event.body.get(key)), "待定")


def _step_posted(event: TimelineEvent, names: Names) -> Sentence:
    step = words.STEPS.get(str(event.body.get("step")), "一步")
    verdict = str(event.body.get("verdict"))
    proof = f"（{words.VERDICTS[verdict]}）" if verdict in words.VERDICTS else ""
    return Sentence(f"{names.unit(event)}{step}{proof}：{names.case(event)}", _tone(verdict))


def _evidence_changed(event: TimelineEvent, names: Names) -> Sentence:
    step = words.STEPS.get(str(event.body.get("step")), "一步")
    verdict = str(event.body.get("verdict") or event.body.get("to") or "")
    said = words.VERDICTS.get(verdict, "待核实")
    return Sentence(f"{names.unit(event)}{step}核对结果：{said}", _tone(verdict))


def _tone(verdict: str) -> Tone:
    return {"verified": "good", "contradicted": "bad"}.get(verdict, "plain")


def _deadline(event: TimelineEvent, names: Names) -> tuple[str, str]:
    return words.STEPS.get(str(event.body.get("step")), "一步"), names.case(event)


def _warned(event: TimelineEvent, names: Names) -> Sentence:
    step, case = _deadline(event, names)
    return Sentence(f"{step}即将超时：{case}", "warn")


def _missed(event: TimelineEvent, names: Names) -> Sentence:
    step, case = _deadline(event, names)
    return Sentence(f"{step}超时：{case}", "bad")


def _assigned(event: TimelineEvent, names: Names) -> Sentence:
    eta = event.body.get("eta_s")
    when = f"，约{max(1, round(eta / 60))}分到" if isinstance(eta, int | float) else ""
    return Sentence(f"派{names.unit(event)}：{names.case(event)}{when}")


def _ended(event: TimelineEvent, names: Names) -> Sentence:
    """Why a unit no longer has the case."""
    said = _ENDED.get(str(event.body.get("why")), "不再承办")
    reason = words.REFUSALS.get(str(event.body.get("reason")), "")
    because = f"（{reason}）" if reason else ""
    return Sentence(f"{names.unit(event)}{said}{because}：{names.case(event)}")


_ENDED = {
    "unsigned": "未签收，转下一组",
    "joined": "的警情已并入他案",
    "refused": "退单",
    "recalled": "被召回",
    "reassigned": "改派",
}


def _joined(event: TimelineEvent, names: Names) -> Sentence:
    into = names.cases.get(str(event.body.get("into")), short_id(str(event.body.get("into"))))
    reason = words.JOIN_REASONS.get(str(event.body.get("reason")), "")
    return Sentence(f"{names.case(event)}并入{into}（{reason}）")


def _called(event: TimelineEvent, names: Names) -> Sentence:
    how = "已通话" if event.body.get("kind") == "record" else "已拨出电话"
    return Sentence(f"{names.unit(event)}{how}：{names.case(event)}")


def _overruled(event: TimelineEvent, names: Names) -> Sentence:
    step = words.STEPS.get(str(event.body.get("step")), "一步")
    verdict = str(event.body.get("verdict"))
    said = words.VERDICTS.get(verdict, "待核实")
    return Sentence(f"人工认定{names.unit(event)}{step}：{said}", _tone(verdict))


def _closed(event: TimelineEvent, names: Names) -> Sentence:
    end = str(event.body.get("disposition"))
    tone = "good" if end in ("settled_on_spot", "settled_later") else "plain"
    return Sentence(f"办结（{words.DISPOSITIONS.get(end, '已处理')}）：{names.case(event)}", tone)


def _called_back(event: TimelineEvent, names: Names) -> Sentence:
    said = words.SATISFACTIONS.get(str(event.body.get("satisfaction")), "已回访")
    tone = "bad" if event.body.get("satisfaction") == "unhappy" else "plain"
    return Sentence(f"回访：{said}：{names.case(event)}", tone)


def _task(said: str, tone: Tone = "plain") -> Callable[..., Sentence]:
    def teller(event: TimelineEvent, names: Names) -> Sentence:
        kind = words.TASKS.get(str(event.body.get("kind")), "任务")
        party = words.PARTIES.get(str(event.body.get("party")), "")
        return Sentence(f"{said}（{party}{kind}）：{names.case(event)}", tone, feed=tone != "plain")

    return teller


def _attached(event: TimelineEvent, names: Names) -> Sentence:
    kinds = {"note": "说明", "photo": "照片", "voice": "录音"}
    what = kinds.get(str(event.body.get("kind")), "附件")
    return Sentence(f"现场{what}已存入：{names.case(event)}")


def _alarm(event: TimelineEvent, names: Names) -> Sentence:
    name = words.ALARMS.get(str(event.body.get("alarm")), "设备报警")
    return Sentence(f"{names.unit(event)}{name}", "bad")


def _alarm_ended(event: TimelineEvent, names: Names) -> Sentence:
    name = words.ALARMS.get(str(event.body.get("alarm")), "设备报警")
    return Sentence(f"{names.unit(event)}{name}已解除", "good")


def _presence(event: TimelineEvent, names: Names) -> Sentence:
    online = event.body.get("state") == "online"
    return Sentence(f"{names.unit(event)}设备{'上线' if online else '离线'}", feed=False)


def _routed(event: TimelineEvent, names: Names) -> Sentence:
    to = _route(event, "to" if "to" in event.body else "route")
    return Sentence(f"改为{to}：{names.case(event)}", "warn")


def _corrected(event: TimelineEvent, names: Names) -> Sentence:
    label = words.LABELS.get(str(event.body.get("label")), "其他类别")
    return Sentence(f"人工更正为{label}：{names.case(event)}")


def _frame_kept(event: TimelineEvent, names: Names) -> Sentence:
    found = event.body.get("quality")
    named = (
        [words.CAMERA[word] for word in found if word in words.CAMERA]
        if isinstance(found, list)
        else []
    )
    fault = f"（{'、'.join(named)}）" if named else ""
    return Sentence(f"{names.unit(event)}现场画面{fault}", "warn" if named else "plain", feed=False)


def _findings(event: TimelineEvent) -> str:
    """``纠纷再起（距上次12天），一处多人报警``."""
    days = event.body.get("days")
    named = [FINDING_NAMES_ZH[Finding(str(word))] for word in _words(event.body.get("findings"))]
    since = f"（距上次{days}天）" if days is not None else ""
    return "，".join(named) + since


def _words(said: object) -> list[object]:
    return list(said) if isinstance(said, list | tuple) else []


_TELLERS: Mapping[str, Callable[[TimelineEvent, Names], Sentence]] = {
    **LEARNING,
    "report_taken": lambda event, _names: Sentence(f"收警，研判为{_route(event)}", feed=False),
    "findings": lambda event, _names: Sentence(_findings(event), "warn", feed=False),
    "case_relapsed": lambda event, _names: Sentence(
        f"纠纷再起：{event.body.get('days')}天后又报警", "warn"
    ),
    "identity_merged": _said("两个身份并为一人"),
    "identity_split": _said("拆分身份"),
    "identity_kept_apart": _said("确认不是同一人"),
    "identity_undone": _said("撤销身份合并或拆分"),
    "report_linked": _said("重复来电，并入：{case}"),
    "report_corrected": _corrected,
    "case_opened": lambda event, names: Sentence(f"新警情（{_route(event)}）：{names.case(event)}"),
    "case_routed": _routed,
    "case_assigned": _assigned,
    "assignment_ended": _ended,
    "party_called": _called,
    "evidence_overruled": _overruled,
    "unit_withdrew": _said("{unit}已离开现场：{case}", "good"),
    "step_posted": _step_posted,
    "evidence_changed": _evidence_changed,
    "deadline_warned": _warned,
    "deadline_missed": _missed,
    "case_closed": _closed,
    "case_reopened": lambda event, names: Sentence(
        ("撤销并入" if event.body.get("why") == "unjoined" else "回访不满意或再起纠纷")
        + f"，重新受理：{names.case(event)}",
        "warn",
    ),
    "case_joined": _joined,
    "case_took": _said("并入一件重复警情：{case}", feed=False),
    "case_gave_back": _said("并入的警情已撤回：{case}", feed=False),
    "audit_agreed": _said("抽查认可研判：{case}", feed=False),
    "case_called_back": _called_back,
    "task_raised": _task("新增任务"),
    "task_done": _task("任务已办", "good"),
    "task_overdue": _task("任务逾期", "warn"),
    **{kind: _said(text, tone) for kind, (text, tone) in words.HANDED_EVENTS.items()},
    "agreement_made": _said("达成调解协议：{case}", "good"),
    "instalment_performed": _said("协议履行一期：{case}", "good"),
    "instalment_overdue": _said("协议逾期未履行：{case}", "bad"),
    "agreement_fulfilled": _said("协议全部履行：{case}", "good"),
    "roster_imported": _said("排班表已导入"),
    "attachment_added": _attached,
    "no_candidate": _said("无人可派，请人工处理：{case}", "bad"),
    "alarm_raised": _alarm,
    "alarm_ended": _alarm_ended,
    "alarm_acknowledged": _said("{by}已知悉{unit}求救"),
    "presence_changed": _presence,
    "frame_kept": _frame_kept,
    "device_bound": _said("{unit}的设备换了人或单元", feed=False),
    "device_handed": _said("{unit}的设备已交接", feed=False),
    "device_renewed": _said("设备换了密码", feed=False),
    "devices_called": _said("呼叫{unit}的设备：{case}", feed=False),
    "call_answered": _said("{unit}的设备已应答：{case}", "good", feed=False),
    "call_unanswered": _said("{unit}的设备无人应答：{case}", "warn", feed=False),
    "unit_changed": _said("{unit}在岗情况有变"),
    "device_added": _said("{unit}新增设备", feed=False),
    "device_revoked": _said("{unit}设备停用", feed=False),
    "user_added": _said("新增账号", feed=False),
    "user_changed": _said("账号有变动", feed=False),
    "token_created": _said("新增访问令牌", feed=False),
    "sign_in": _said("{by}登录", feed=False),
    "sign_in_failed": _said("有人登录失败", feed=False),
    "history_imported": _said("历史警情已导入", feed=False),
    "caller_viewed": _said("{by}查看来电人信息", feed=False),
}

KINDS: tuple[str, ...] = tuple(_TELLERS)
"""Every event kind the pages listen to on the stream."""
