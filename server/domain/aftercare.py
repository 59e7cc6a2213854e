"""What follows a closed case: who looks again and when, agreements until fulfilled, calls back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.domain.case import Disposition
from server.domain.errors import Invalid

MAX_INSTALMENTS = 60


class TaskKind(StrEnum):
    VISIT = "visit"
    ESCALATION = "escalation"
    CALLBACK = "callback"
    PERFORMANCE = "performance"


class Party(StrEnum):
    """Who has the task."""

    OFFICER = "officer"
    VILLAGE = "village"
    TEAM = "team"
    CENTRE = "centre"
    OFFICE = "office"


class TaskState(StrEnum):
    OPEN = "open"
    OVERDUE = "overdue"
    DONE = "done"
    DROPPED = "dropped"
    """The case was opened again: what was planned after its end no longer holds."""


class AgreementForm(StrEnum):
    WRITTEN = "written"
    ORAL = "oral"
    COURT_CONFIRMED = "court_confirmed"


class AgreementState(StrEnum):
    RUNNING = "running"
    FULFILLED = "fulfilled"


class InstalmentState(StrEnum):
    OPEN = "open"
    OVERDUE = "overdue"
    DONE = "done"


class Satisfaction(StrEnum):
    SATISFIED = "satisfied"
    NEUTRAL = "neutral"
    UNHAPPY = "unhappy"
    UNREACHED = "unreached"


TASK_NAMES_ZH = {
    TaskKind.VISIT: "跟进走访",
    TaskKind.ESCALATION: "疑难会商",
    TaskKind.CALLBACK: "电话回访",
    TaskKind.PERFORMANCE: "督促履行",
}
PARTY_NAMES_ZH = {
    Party.OFFICER: "责任民警",
    Party.VILLAGE: "村社",
    Party.TEAM: "调解队",
    Party.CENTRE: "矛调中心",
    Party.OFFICE: "指挥室",
}
TASK_STATE_NAMES_ZH = {
    TaskState.OPEN: "待办",
    TaskState.OVERDUE: "逾期",
    TaskState.DONE: "已办",
    TaskState.DROPPED: "不再需要",
}
FORM_NAMES_ZH = {
    AgreementForm.WRITTEN: "书面协议",
    AgreementForm.ORAL: "口头协议",
    AgreementForm.COURT_CONFIRMED: "司法确认",
}
SATISFACTION_NAMES_ZH = {
    Satisfaction.SATISFIED: "满意",
    Satisfaction.NEUTRAL: "一般",
    Satisfaction.UNHAPPY: "不满意",
    Satisfaction.UNREACHED: "未接通",
}


@dataclass(frozen=True, slots=True)
class AftercareRule:
    """Days after the end of a case."""

    officer_days: int = 1
    village_days: int = 3
    team_days: int = 7
    centre_days: int = 1
    callback_days: int = 3


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """``key`` names what raised it within its case: the same again is no second task."""

    kind: TaskKind
    party: Party
    due_at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Instalment:
    """One performance: a sum or an act, and until when."""

    due_at: datetime
    amount_yuan: float | None = None


def plan(
    disposition: Disposition, closed_at: datetime, rule: AftercareRule
) -> tuple[PlannedTask, ...]:
    """Tasks that a closed case leaves behind (street scheme: 1, 3 and 7 days; hard ones go up)."""
    wanted: list[tuple[TaskKind, Party, int]] = []
    if disposition is Disposition.FOLLOW_UP:
        wanted = [
            (TaskKind.VISIT, Party.OFFICER, rule.officer_days),
            (TaskKind.VISIT, Party.VILLAGE, rule.village_days),
            (TaskKind.VISIT, Party.TEAM, rule.team_days),
        ]
    elif disposition is Disposition.ESCALATED:
        wanted = [(TaskKind.ESCALATION, Party.CENTRE, rule.centre_days)]
    elif disposition in {Disposition.SETTLED_ON_SPOT, Disposition.SETTLED_LATER}:
        wanted = [(TaskKind.CALLBACK, Party.OFFICE, rule.callback_days)]
    stamp = closed_at.strftime("%Y%m%dT%H%M%S%f")
    return tuple(
        PlannedTask(kind, party, closed_at + timedelta(days=days), f"{kind}-{party}-{stamp}")
        for kind, party, days in wanted
    )


def check_instalments(instalments: Sequence[Instalment], made_at: datetime) -> None:
    """Raises Invalid: at least one, none before the agreement, each no earlier than the last."""
    if not 1 <= len(instalments) <= MAX_INSTALMENTS:
        raise Invalid("instalments", f"请写明1至{MAX_INSTALMENTS}期履行")
    before = made_at - timedelta(days=1)
    for number, instalment in enumerate(instalments, 1):
        if instalment.due_at < before:
            raise Invalid("instalments", f"第{number}期早于协议日期或上一期，请改日期")
        before = instalment.due_at


def reopens(satisfaction: Satisfaction, *, relapse: bool) -> bool:
    """Who is unhappy, or quarrels again, has a case again."""
    return relapse or satisfaction is Satisfaction.UNHAPPY
