"""The Chinese words of the pages for the machine words of the office."""

from __future__ import annotations

from collections.abc import Mapping

from server.domain.aftercare import (
    FORM_NAMES_ZH,
    PARTY_NAMES_ZH,
    SATISFACTION_NAMES_ZH,
    TASK_NAMES_ZH,
    TASK_STATE_NAMES_ZH,
)
from server.domain.audit_sample import REASON
from server.domain.case import (
    DISPOSITION_NAMES_ZH,
    REFUSAL_NAMES_ZH,
    STATUS_NAMES_ZH,
    STEP_NAMES_ZH,
)
from server.domain.duplicates import JOIN_REASON_NAMES_ZH, LIKENESS_NAMES_ZH
from server.domain.evidence import VERDICT_NAMES_ZH
from server.domain.joint import ANSWER_NAMES_ZH, STATE_NAMES_ZH
from server.domain.recording import RECORDED_NAMES_ZH
from triage.cues import CUE_NAMES_ZH
from triage.doubt import DOUBT_NAMES_ZH
from triage.recurrence import BAND_NAMES_ZH
from triage.taxonomy import CATEGORY_NAMES_ZH, LABEL_NAMES_ZH, ROUTE_NAMES_ZH

UNKNOWN = "未知"
WHOLE_MEANING = "整体语义"
"""What the encoder adds to a sum of words; stands among the reasons (``triage.encoded``)."""

LABELS: Mapping[str, str] = {str(key): name for key, name in LABEL_NAMES_ZH.items()}
DOUBTS: Mapping[str, str] = {
    **{str(key): name for key, name in DOUBT_NAMES_ZH.items()},
    REASON: "抽样复看",
}
ROUTES: Mapping[str, str] = {str(key): name for key, name in ROUTE_NAMES_ZH.items()}
CATEGORIES: Mapping[str, str] = {str(key): name for key, name in CATEGORY_NAMES_ZH.items()}
STATUSES: Mapping[str, str] = {str(key): name for key, name in STATUS_NAMES_ZH.items()}
DISPOSITIONS: Mapping[str, str] = {str(key): name for key, name in DISPOSITION_NAMES_ZH.items()}
VERDICTS: Mapping[str, str] = {str(key): name for key, name in VERDICT_NAMES_ZH.items()}
RECORDED: Mapping[str, str] = {str(key): name for key, name in RECORDED_NAMES_ZH.items()}
STEPS: Mapping[str, str] = {
    **{str(key): name for key, name in STEP_NAMES_ZH.items()},
    "feedback": "首次反馈",
    "closed": "办结",
}
TASKS: Mapping[str, str] = {str(key): name for key, name in TASK_NAMES_ZH.items()}
TASK_STATES: Mapping[str, str] = {str(key): name for key, name in TASK_STATE_NAMES_ZH.items()}
PARTIES: Mapping[str, str] = {str(key): name for key, name in PARTY_NAMES_ZH.items()}
SATISFACTIONS: Mapping[str, str] = {str(key): name for key, name in SATISFACTION_NAMES_ZH.items()}
AGREEMENT_FORMS: Mapping[str, str] = {str(key): name for key, name in FORM_NAMES_ZH.items()}
DEADLINE_STATES: Mapping[str, str] = {
    "running": "计时中",
    "warned": "将超时",
    "met": "按时",
    "missed": "超时",
    "void": "不再计时",
}
ROLES: Mapping[str, str] = {
    "intake": "接警程序",
    "edge": "边缘程序",
    "dispatcher": "指挥员",
    "mediator": "调解员",
    "supervisor": "督导员",
    "admin": "管理员",
}
JOIN_REASONS: Mapping[str, str] = {key.value: name for key, name in JOIN_REASON_NAMES_ZH.items()}
LIKENESSES: Mapping[str, str] = LIKENESS_NAMES_ZH
UNIT_STATUSES: Mapping[str, str] = {**STATUSES, "off": "不在岗", "free": "待命"}
CUES: Mapping[str, str] = CUE_NAMES_ZH
POSITION_DOUBTS: Mapping[str, str] = {
    "no_fix": "没有定位",
    "stale": "定位陈旧",
    "future": "时间超前",
    "jump": "位置跳变",
    "accuracy": "误差过大",
    "duplicate": "重复定位",
    "out_of_order": "次序颠倒",
    "off_globe": "坐标无效",
    "outside_district": "不在辖区",
    "frozen": "定位不动",
    "clock_skew": "时钟有偏差",
    "clock": "时钟超前",
    "self_reported": "手机自报",
}
REFUSALS: Mapping[str, str] = {reason.value: name for reason, name in REFUSAL_NAMES_ZH.items()}
ALARMS: Mapping[str, str] = {
    "sos": "SOS求救",
    "fall": "跌倒",
    "tamper": "设备被拆",
    "low_battery": "电量低",
    "storage_full": "存储已满",
    "camera_fault": "摄像故障",
}
RISK_BANDS: Mapping[str, str] = BAND_NAMES_ZH

POLICE_STATES: Mapping[str, str] = {s.value: name for s, name in STATE_NAMES_ZH.items()}
POLICE_ANSWERS: Mapping[str, str] = {a.value: name for a, name in ANSWER_NAMES_ZH.items()}
HANDED_EVENTS: Mapping[str, tuple[str, str]] = {
    "police_needed": ("{unit}请公安到场：{case}", "bad"),
    "police_asked": ("联动警情，已提请公安到场：{case}", "warn"),
    "police_told": ("联动警情已送达公安：{case}", "plain"),
    "police_retry": ("联动警情没有送达公安，正在重试：{case}", "warn"),
    "police_unreached": ("联动警情没有送达公安，请电话通知：{case}", "bad"),
    "police_reminded": ("公安尚未确认联动，再次提醒：{case}", "warn"),
    "police_silent": ("公安没有确认联动，请电话催问：{case}", "bad"),
    "police_answered": ("公安对联动有回话：{case}", "good"),
    "file_exported": ("{by}取走疑难案卷：{case}", "plain"),
    "file_received": ("调处中心已收疑难案卷：{case}", "good"),
}
"""Sentence and tone of what passes between us and the police, or the conflict centre."""

ROUTE_KEYS: tuple[tuple[str, str], ...] = (
    ("1", "police"),
    ("2", "joint"),
    ("3", "mediate"),
    ("4", "service"),
    ("5", "review"),
)
"""The operator's number keys, printed on the buttons."""

_LIKELY = ((0.9, "几乎肯定"), (0.7, "很可能"), (0.5, "较可能"), (0.3, "有可能"), (0.1, "不太可能"))


def likelihood(share: float) -> str:
    """A probability in words, for people who read no decimals."""
    return next((word for least, word in _LIKELY if share >= least), "几乎不可能")


def category(code: str | None) -> str:
    """The leaf's Chinese name; a leaf from a site's own dictionary is shown as it is."""
    return CATEGORIES.get(code, code) if code else "未分类"


CAMERA = {"dark": "过暗", "blurred": "模糊", "covered": "被遮挡", "frozen": "画面冻结"}
BOUND = {
    "duty": "携带人在岗",
    "off_duty": "携带人不在班",
    "unit": "未指明携带人",
    "nobody": "无人携带",
}
DEVICE_KINDS = {
    "bodycam": "记录仪",
    "radio": "对讲机",
    "phone": "手机",
    "tracker": "定位器",
    "camera": "摄像头",
    "gateway": "网关",
}
