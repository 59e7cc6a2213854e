"""Who goes: assignment with one winner, hand-over to the next when nobody signs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from server.domain import sla
from server.domain.assignment import Candidate
from server.domain.case import (
    MEDIATED_ROUTES,
    Case,
    Refusal,
    Status,
    check_assignable,
)
from server.domain.errors import AlreadyAssigned, Conflict, Missing
from server.domain.events import NewEvent
from server.domain.roles import SYSTEM, Actor
from server.domain.sla import DeadlineState
from server.domain.travel import BY_FORMULA, Travel
from server.domain.views import CaseView
from server.office import Office
from server.services import travel_times, viewing
from server.services.ownership import check_owner
from server.services.ranking import ranked
from server.store import cases, events, units
from server.store.engine import writing
from triage.taxonomy import Route

UNSAFE_DANGER = 90


def assign(
    office: Office,
    case_id: str,
    unit_id: str | None,
    actor: Actor,
    *,
    instead_of: str | None = None,
) -> CaseView:
    """Assign a case; empty ``unit_id`` takes the best candidate.

    ``instead_of`` names the unit that must have the case now and loses it. Raises
    AlreadyAssigned naming the winner, Conflict when the unit is busy or nobody is free.
    """
    now = office.clock()
    travel = travel_times.of_case(office, case_id)
    with writing(office.engine) as conn:
        case = _load(conn, case_id, lock=True)
        check_assignable(case)
        told = _take_from(conn, case, instead_of, actor, now)
        case = _load(conn, case_id)
        found = ranked(office, conn, case, now, travel=travel)
        best = found if unit_id is None else found.of(unit_id)
        told += _first_that_takes(office, conn, case, best, by=actor.name, now=now)
        if not any(event.kind == "case_assigned" for event in told):
            raise _nobody(conn, case_id, unit_id)
        events.tell(conn, told)
        row = cases.find(conn, case_id)
        return viewing.case_views(conn, [row] if row is not None else [])[0]


def hand_over_if_auto(
    office: Office, conn: Connection, case_id: str, now: datetime, travel: Travel = BY_FORMULA
) -> list[NewEvent]:
    """In automatic mode give a waiting case to the best unit; says so when nobody is free.

    ``travel`` is asked before the transaction; without it rides are taken by the formula.
    """
    case = _load(conn, case_id, lock=True)
    if office.settings.dispatch.mode != "auto" or not _waits(case):
        return []
    best = ranked(office, conn, case, now, travel=travel)
    told = _first_that_takes(office, conn, case, best, by=SYSTEM, now=now)
    return told or [NewEvent("no_candidate", now, SYSTEM, case_id)]


def give_if_waiting(
    office: Office, conn: Connection, case_id: str, candidate: Candidate, now: datetime
) -> list[NewEvent]:
    """Give a case that still waits to this unit if that is still free; empty otherwise."""
    case = _load(conn, case_id, lock=True)
    if not _waits(case):
        return []
    return _first_that_takes(office, conn, case, (candidate,), by=SYSTEM, now=now)


def hand_to_next(
    office: Office,
    conn: Connection,
    case_id: str,
    assignment_id: int,
    now: datetime,
    travel: Travel = BY_FORMULA,
) -> list[NewEvent]:
    """An assignment nobody signed goes on to the next candidate, if there is one.

    Without another candidate it stays where it is: a slow unit is better than none.
    """
    case = _load(conn, case_id)
    running = cases.running_assignment(conn, case_id)
    if running is None or running.id != assignment_id or case.status is not Status.ASSIGNED:
        return []
    others = ranked(office, conn, case, now, only_new=True, travel=travel)
    if not others:
        return [NewEvent("no_candidate", now, SYSTEM, case_id, unit_id=running.unit_id)]
    told = _end(conn, case, running, why="unsigned", by=SYSTEM, now=now)
    case = _load(conn, case_id)
    return told + _first_that_takes(office, conn, case, others, by=SYSTEM, now=now)


def refuse(office: Office, case_id: str, reason: Refusal, actor: Actor) -> CaseView:
    """A unit hands its case back with a reason; in automatic mode the next one gets it at once.

    A case whose scene is said to be dangerous goes to review, ahead of everything surely mild: no
    other mediators are sent into it unseen.
    """
    now = office.clock()
    travel = travel_times.of_case(office, case_id)
    with writing(office.engine) as conn:
        case = _load(conn, case_id, lock=True)
        running = cases.running_assignment(conn, case_id)
        check_owner(conn, case_id, running, actor)
        if running is None:
            raise Conflict(f"Case {case_id} is with no unit; there is nothing to refuse.")
        told = _end(conn, case, running, why="refused", by=actor.name, now=now, reason=reason.value)
        case = _load(conn, case_id)
        if reason is Refusal.UNSAFE:
            danger = max(case.danger, UNSAFE_DANGER)
            told += change_route(
                conn, case, Route.REVIEW, why="unsafe", by=actor.name, now=now, danger=danger
            )
        else:
            told += hand_over_if_auto(office, conn, case_id, now, travel)
        events.tell(conn, told)
        row = cases.find(conn, case_id)
        return viewing.case_views(conn, [row] if row is not None else [])[0]


def change_route(
    conn: Connection,
    case: Case,
    route: Route,
    *,
    why: str,
    by: str,
    now: datetime,
    danger: int | None = None,
    **values: object,
) -> list[NewEvent]:
    """Send a case another way; a unit that may no longer go alone is called back."""
    if danger is not None:
        values["danger"] = danger
    if not cases.change(conn, case, route=route, **values):
        raise Conflict(f"Case {case.id} has just changed; reload it.")
    body = {"from": case.route.value, "to": route.value, "why": why}
    told = [NewEvent("case_routed", now, by, case.id, body=body)]
    running = cases.running_assignment(conn, case.id)
    if running is not None and route not in MEDIATED_ROUTES:
        told += _end(conn, _load(conn, case.id), running, why="recalled", by=by, now=now)
    return told


def _waits(case: Case) -> bool:
    return case.status is Status.OPEN and case.route in MEDIATED_ROUTES and not case.confidential


def _load(conn: Connection, case_id: str, *, lock: bool = False) -> Case:
    row = cases.find(conn, case_id, lock=lock)
    if row is None:
        raise Missing("case", case_id)
    return cases.to_case(row)


def _take_from(
    conn: Connection, case: Case, instead_of: str | None, actor: Actor, now: datetime
) -> list[NewEvent]:
    running = cases.running_assignment(conn, case.id)
    if running is None:
        return []
    if instead_of is None or instead_of != running.unit_id:
        raise AlreadyAssigned(case.id, running.unit_id)
    return _end(conn, case, running, why="reassigned", by=actor.name, now=now)


def _first_that_takes(
    office: Office,
    conn: Connection,
    case: Case,
    best: Iterable[Candidate],
    *,
    by: str,
    now: datetime,
) -> list[NewEvent]:
    """The best unit that is still free at the moment of writing; empty when none is."""
    for candidate in best:
        assignment_id = cases.assign(conn, case.id, candidate, at=now, by=by)
        if assignment_id is not None:
            return _assigned(office, conn, case, candidate, assignment_id, by=by, now=now)
        winner = cases.running_assignment(conn, case.id)
        if winner is not None:
            raise AlreadyAssigned(case.id, winner.unit_id)
    return []


def _assigned(
    office: Office,
    conn: Connection,
    case: Case,
    candidate: Candidate,
    assignment_id: int,
    *,
    by: str,
    now: datetime,
) -> list[NewEvent]:
    row = cases.find(conn, case.id)
    first = row is not None and row.handed_over_at is None
    started = {"handed_over_at": now} if first else {}
    if not cases.change(conn, case, status=Status.ASSIGNED, **started):
        raise Conflict(f"Case {case.id} has just changed; reload it.")
    limits = office.settings.deadlines.limits()
    cases.add_deadlines(conn, case.id, assignment_id, sla.unit_deadlines(now, limits))
    if first:
        cases.add_deadlines(conn, case.id, None, sla.case_deadlines(now, limits))
    body = {"eta_s": candidate.eta_s, "distance_m": candidate.distance_m}
    return [NewEvent("case_assigned", now, by, case.id, unit_id=candidate.unit_id, body=body)]


def _end(
    conn: Connection,
    case: Case,
    running: cases.CaseRow,
    *,
    why: str,
    by: str,
    now: datetime,
    **facts: object,
) -> list[NewEvent]:
    """Take the case from its unit: its clocks no longer count, the case is open again."""
    if not cases.end_assignment(conn, running.id, at=now, why=why):
        raise Conflict(f"Case {case.id} has just changed; reload it.")
    void_clocks(conn, case.id, running.id)
    if not cases.change(conn, case, status=Status.OPEN):
        raise Conflict(f"Case {case.id} has just changed; reload it.")
    body = {"why": why, **facts}
    return [NewEvent("assignment_ended", now, by, case.id, unit_id=running.unit_id, body=body)]


def void_clocks(conn: Connection, case_id: str, assignment_id: int | None = None) -> None:
    """Deadlines that no longer count; without an assignment, all of the case that still run."""
    for clock in cases.running_deadlines(conn, case_id, assignment_id=assignment_id):
        cases.swap_deadline(
            conn, clock.id, before=DeadlineState(clock.state), after=DeadlineState.VOID
        )


def _nobody(conn: Connection, case_id: str, unit_id: str | None) -> Conflict | Missing:
    if unit_id is None:
        return Conflict("No unit on duty is free; wait, or end another case first.")
    if units.find(conn, unit_id) is None:
        return Missing("unit", unit_id)
    return Conflict(f"Unit {unit_id} is off duty or has a case; choose another for {case_id}.")
