"""The clocks: sign 1, leave 2, call 3, arrive 8 minutes; feedback 1 h, closed 24 h."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.domain.case import Step

CLOSED = "closed"
FEEDBACK = "feedback"


class DeadlineState(StrEnum):
    RUNNING = "running"
    WARNED = "warned"
    MET = "met"
    MISSED = "missed"
    VOID = "void"
    """No longer counts: the case went to another unit or was closed before."""


OPEN_STATES = (DeadlineState.RUNNING, DeadlineState.WARNED)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds from hand-over to each tick (street scheme; Hangzhou's for the last two)."""

    signed_s: int = 60
    departed_s: int = 120
    contacted_s: int = 180
    arrived_s: int = 480
    feedback_s: int = 3600
    closed_s: int = 86_400
    warn_share: float = 0.75

    def __post_init__(self) -> None:
        if not 0 < self.warn_share < 1:
            raise ValueError("warn_share lies between 0 and 1")


@dataclass(frozen=True, slots=True)
class PlannedDeadline:
    step: str
    due_at: datetime
    warn_at: datetime


def unit_deadlines(handed_over: datetime, limits: Limits) -> tuple[PlannedDeadline, ...]:
    """Clocks of one unit; they start anew when the case is handed to another."""
    seconds = {
        Step.SIGNED: limits.signed_s,
        Step.DEPARTED: limits.departed_s,
        Step.CONTACTED: limits.contacted_s,
        Step.ARRIVED: limits.arrived_s,
    }
    return tuple(_plan(step.value, handed_over, due, limits) for step, due in seconds.items())


def case_deadlines(handed_over: datetime, limits: Limits) -> tuple[PlannedDeadline, ...]:
    """Clocks of the case; they run from the first hand-over whoever has it."""
    return (
        _plan(FEEDBACK, handed_over, limits.feedback_s, limits),
        _plan(CLOSED, handed_over, limits.closed_s, limits),
    )


def settled(done_at: datetime, due_at: datetime) -> DeadlineState:
    """On the second counts as in time."""
    return DeadlineState.MET if done_at <= due_at else DeadlineState.MISSED


@dataclass(frozen=True, slots=True)
class Tick:
    """What the sweep has to do about one deadline now."""

    warn: bool
    miss: bool


def tick(state: DeadlineState, *, warn_at: datetime, due_at: datetime, now: datetime) -> Tick:
    """Warn once before, miss once after; a sweep that comes late misses without warning."""
    if state not in OPEN_STATES:
        return Tick(warn=False, miss=False)
    if now > due_at:
        return Tick(warn=False, miss=True)
    return Tick(warn=state is DeadlineState.RUNNING and now >= warn_at, miss=False)


def _plan(step: str, start: datetime, due_s: int, limits: Limits) -> PlannedDeadline:
    due = timedelta(seconds=due_s)
    return PlannedDeadline(step=step, due_at=start + due, warn_at=start + due * limits.warn_share)
