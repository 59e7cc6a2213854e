"""The deadline sweep: warns before and at each deadline, once, also after a restart.

Every act is a compare-and-swap on the deadline's state, so any number of sweeps may run. The
sweep looks again before it acts, and what fails is tried again in the next round.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from threading import Event as Flag

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from server.domain import sla
from server.domain.case import Step
from server.domain.errors import OfficeError
from server.domain.events import NewEvent
from server.domain.roles import SYSTEM
from server.domain.sla import DeadlineState
from server.domain.travel import BY_FORMULA, Travel
from server.office import Office
from server.services import (
    aftercare,
    agreements,
    calling,
    dispatch,
    joint,
    presence,
    tracking,
    travel_times,
    waiting,
)
from server.store import cases, events
from server.store.cases import CaseRow
from server.store.engine import reading, writing

ROUND_S = 1.0
BATCH = 500
"""Deadlines handled in one round; the rest waits for the next, a second later."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Swept:
    """What one round did."""

    warned: int = 0
    missed: int = 0
    assigned: int = 0
    verdicts: int = 0
    called: int = 0
    noticed: int = 0
    overdue: int = 0
    police: int = 0


def sweep_once(office: Office) -> Swept:
    """One round: clocks, waiting cases, evidence that came late."""
    now = office.clock()
    with reading(office.engine) as conn:
        due = cases.due(conn, now, limit=BATCH)
    warned = missed = 0
    for row in due:
        kind = _act(office, row, now)
        warned += kind == "warned"
        missed += kind == "missed"
    assigned = waiting.assign_waiting(office)
    police = joint.sweep_notices(office)
    called = calling.call_assigned(office)
    noticed = presence.sweep_presence(office)
    overdue = agreements.raise_overdue(office) + aftercare.raise_overdue(office)
    verdicts = tracking.recheck_evidence(office)
    return Swept(warned, missed, assigned, verdicts, called, noticed, overdue, police)


def run(office: Office, stop: Flag) -> None:
    """Sweep every second until told to stop; a failing round is logged and tried again."""
    while not stop.wait(ROUND_S):
        try:
            swept = sweep_once(office)
        except (SQLAlchemyError, OfficeError) as error:
            log.error("sweep_failed", error=type(error).__name__)
            continue
        if swept != Swept():
            log.info("swept", warned=swept.warned, missed=swept.missed, assigned=swept.assigned)


def _act(office: Office, row: CaseRow, now: datetime) -> str | None:
    """Handle one deadline in a transaction of its own, so that one fault stops no other."""
    unsigned = row.step == Step.SIGNED and now > row.due_at
    try:
        travel = travel_times.of_case(office, row.case_id) if unsigned else BY_FORMULA
        with writing(office.engine) as conn:
            return _warn_or_miss(office, conn, row, now, travel)
    except OfficeError as error:
        log.warning("deadline_postponed", error=type(error).__name__, deadline=row.id)
        return None


def _warn_or_miss(
    office: Office, conn: Connection, row: CaseRow, now: datetime, travel: Travel
) -> str | None:
    state = DeadlineState(row.state)
    tick = sla.tick(state, warn_at=row.warn_at, due_at=row.due_at, now=now)
    if not (tick.warn or tick.miss):
        return None
    after = DeadlineState.MISSED if tick.miss else DeadlineState.WARNED
    cases.find(conn, row.case_id, lock=True)
    if not cases.swap_deadline(conn, row.id, before=state, after=after):
        return None
    kind = "missed" if tick.miss else "warned"
    unit_id = _unit_of(conn, row)
    body = {"step": row.step, "due_at": row.due_at.isoformat()}
    told = [NewEvent(f"deadline_{kind}", now, SYSTEM, row.case_id, unit_id=unit_id, body=body)]
    if tick.miss and row.step == Step.SIGNED:
        told += dispatch.hand_to_next(office, conn, row.case_id, row.assignment_id, now, travel)
    events.tell(conn, told)
    return kind


def _unit_of(conn: Connection, row: CaseRow) -> str | None:
    running = cases.running_assignment(conn, row.case_id)
    return running.unit_id if running is not None else None
