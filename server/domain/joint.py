"""Joint cases (联动): both sides know of each other, or everybody sees that they do not.

The police are asked as soon as a case is joint. What is known of their answer goes from asked to
told (their system took it) to answered; a delivery that fails and an answer that does not come are
tried again a bounded number of times, and then stand as what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class NoticeState(StrEnum):
    ASKED = "asked"
    TOLD = "told"
    UNREACHED = "unreached"
    SILENT = "silent"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


class PoliceAnswer(StrEnum):
    COMING = "coming"
    HERE = "here"
    CANNOT = "cannot"


STATE_NAMES_ZH = {
    NoticeState.ASKED: "已提请公安，等候确认",
    NoticeState.TOLD: "已送达公安，等候确认",
    NoticeState.UNREACHED: "没有送达公安",
    NoticeState.SILENT: "公安没有确认",
    NoticeState.ANSWERED: "公安已确认",
    NoticeState.WITHDRAWN: "已撤回",
}
ANSWER_NAMES_ZH = {
    PoliceAnswer.COMING: "民警正在赶来",
    PoliceAnswer.HERE: "民警已到现场",
    PoliceAnswer.CANNOT: "民警暂时不能到场",
}

WAITING = frozenset({NoticeState.ASKED, NoticeState.TOLD})
"""Still to be answered; a reminder falls due."""
STANDING = WAITING | {NoticeState.UNREACHED, NoticeState.SILENT}
"""The desk has something to do."""
ENDED = frozenset({NoticeState.WITHDRAWN})
MAX_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class NoticeRule:
    attempts: int = 6
    retry_s: float = 2
    """After the first failure; doubled after each further one, never more than a minute."""
    remind_s: float = 60
    reminds: int = 3


def next_attempt(attempts: int, now: datetime, rule: NoticeRule) -> datetime:
    """When to try again after so many attempts."""
    return now + min(MAX_PAUSE, timedelta(seconds=rule.retry_s * 2 ** max(0, attempts - 1)))


def after_failure(attempts: int, rule: NoticeRule) -> NoticeState:
    return NoticeState.UNREACHED if attempts >= rule.attempts else NoticeState.ASKED


def after_reminder(reminds: int, state: NoticeState, rule: NoticeRule) -> NoticeState:
    return NoticeState.SILENT if reminds >= rule.reminds else state


def may_enter(state: NoticeState, answer: PoliceAnswer | None) -> bool:
    """Whether mediators may go to the people: only beside police who are there."""
    return state is NoticeState.ANSWERED and answer is PoliceAnswer.HERE
