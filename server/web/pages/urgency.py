"""Which clock of a case runs next, and which case a tired person should look at first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from server.domain.case import Step
from server.domain.views import CaseView, DeadlineView

GRAVE = 90
"""Danger from here on is shown as 危险: a cue is in force or police are nearly certain."""
_RUNNING = ("running", "warned")
_STEPS = frozenset(step.value for step in Step)
_WAITING_ROUTES = ("police", "review")


@dataclass(frozen=True, slots=True)
class Due:
    """The next clock: ``gone`` is the share of its time that has passed, 0 to 1."""

    step: str
    start_at: datetime
    due_at: datetime
    left_s: float
    gone: float

    @property
    def overdue(self) -> bool:
        return self.left_s < 0

    @property
    def near(self) -> bool:
        return not self.overdue and self.gone >= 0.75


def next_due(case: CaseView, now: datetime) -> Due | None:
    """The earliest clock that still runs, or ran out on a step nobody has done yet."""
    if case.status == "closed":
        return None
    done = {step.step for step in case.steps}
    waiting = [d for d in case.deadlines if _waits(d, done)]
    if not waiting:
        return None
    first = min(waiting, key=lambda deadline: deadline.due_at)
    start = case.assignment.at if case.assignment else case.opened_at
    length_s = max((first.due_at - start).total_seconds(), 1.0)
    left_s = (first.due_at - now).total_seconds()
    gone = min(max(1 - left_s / length_s, 0.0), 1.0)
    return Due(first.step, start, first.due_at, left_s, gone)


def _waits(deadline: DeadlineView, done: set[str]) -> bool:
    if deadline.state in _RUNNING:
        return True
    return deadline.state == "missed" and deadline.step in _STEPS and deadline.step not in done


def by_urgency(cases: Iterable[CaseView], now: datetime) -> list[CaseView]:
    """Police matters and those in doubt on top, then late ones; danger first, then time."""
    return sorted(cases, key=lambda case: _rank(case, now))


def _rank(case: CaseView, now: datetime) -> tuple[int, int, float, float]:
    due = next_due(case, now)
    late = due is not None and due.overdue
    unassigned = case.status == "open"
    if unassigned and case.route in _WAITING_ROUTES:
        group = 0
    else:
        group = 1 if late or (unassigned and case.route != "service") else 2
    left_s = due.left_s if due else 0.0
    return (group, -int(case.danger >= GRAVE), left_s, case.opened_at.timestamp())
