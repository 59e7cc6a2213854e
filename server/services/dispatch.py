"""Who goes: candidates, assignment with one winner, hand-over to the next when nobody signs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from server.domain import sla
from server.domain.assignment import Candidate, rank
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
from server.domain.views import CandidateView, CaseView, ReasonView
from server.office import Office
from server.services import needs, viewing
from server.services.ownership import check_owner
from server.store import assignments, cases, events, units
from server.store.engine import reading, writing
from triage.taxonomy import Route

UNSAFE_DANGER = 90
BATCH = 100
"""Waiting cases looked at in one round; the next round takes the rest."""


def candidates(office: Office, case_id: str, actor: Actor) -> list[CandidateView]:
    """Units that could go, best first, each with the reasons of its score."""
    del actor  # every role that may read cases may see who could go
    with reading(office.engine) as conn:
        ranked = _ranked(office, conn, _load(conn, case_id), office.clock())
    return [
        CandidateView(
            unit_id=c.unit_id,
            name=c.name,
            eta_s=c.eta_s,
            distance_m=c.distance_m,
            score_s=c.score_s,
            reasons=tuple(ReasonView(r.text, round(r.seconds, 1)) for r in c.reasons),
        )
        for c in ranked
    ]


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
    with writing(office.engine) as conn:
        case = _load(conn, case_id, lock=True)
        check_assignable(case)
        told = _take_from(conn, case, instead_of, actor, now)
        case = _load(conn, case_id)
        ranked = _ranked(office, conn, case, now)
        if unit_id is not None:
            ranked = tuple(c for c in ranked if c.unit_id == unit_id)
        told += _first_that_takes(office, conn, case, ranked, by=actor.name, now=now)
        if not any(event.kind == "case_assigned" for event in told):
            raise _nobody(conn, case_id, unit_id)
        events.tell(conn, told)
        row = cases.find(conn, case_id)
        return viewing.case_views(conn, [row] if row is not None else [])[0]


def hand_over_if_auto(
    office: Office, conn: Connection, case_id: str, now: datetime
) -> list[NewEvent]:
    """In automatic mode give a waiting case to the best unit; says so when nobody is free."""
    case = _load(conn, case_id, lock=True)
    waits = case.status is Status.OPEN and case.route in MEDIATED_ROUTES and not case.confidential
    if office.settings.dispatch.mode != "auto" or not waits:
        return []
    ranked = _ranked(office, conn, case, now)
    told = _first_that_takes(office, conn, case, ranked, by=SYSTEM, now=now)
    return told or [NewEvent("no_candidate", now, SYSTEM, case_id)]


def assign_waiting(office: Office) -> int:
    """Give waiting cases to units that became free; how many were given."""
    if office.settings.dispatch.mode != "auto":
        return 0
    with reading(office.engine) as conn:
        waiting = [case.id for case in cases.waiting(conn, limit=BATCH)]
    given = 0
    for case_id in waiting:
        with writing(office.engine) as conn:
            told = hand_over_if_auto(office, conn, case_id, office.clock())
            told = [event for event in told if event.kind != "no_candidate"]
            events.tell(conn, told)
            given += bool(told)
        if not told:
            return given  # nobody is free; the next cases would find nobody either
    return given


def hand_to_next(
    office: Office, conn: Connection, case_id: str, assignment_id: int, now: datetime
) -> list[NewEvent]:
    """An assignment nobody signed goes on to the next candidate, if there is one.

    Without another candidate it stays where it is: a slow unit is better than none.
    """
    case = _load(conn, case_id)
    running = cases.running_assignment(conn, case_id)
    if running is None or running.id != assignment_id or case.status is not Status.ASSIGNED:
        return []
    ranked = _ranked(office, conn, case, now, only_new=True)
    if not ranked:
        return [NewEvent("no_candidate", now, SYSTEM, case_id, unit_id=running.unit_id)]
    told = _end(conn, case, running, why="unsigned", by=SYSTEM, now=now)
    case = _load(conn, case_id)
    return told + _first_that_takes(office, conn, case, ranked, by=SYSTEM, now=now)


def refuse(office: Office, case_id: str, reason: Refusal, actor: Actor) -> CaseView:
    """A unit hands its case back with a reason; in automatic mode the next one gets it at once.

    A case whose scene is said to be dangerous goes to review, ahead of everything surely mild: no
    other mediators are sent into it unseen.
    """
    now = office.clock()
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
            told += hand_over_if_auto(office, conn, case_id, now)
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


def _load(conn: Connection, case_id: str, *, lock: bool = False) -> Case:
    row = cases.find(conn, case_id, lock=lock)
    if row is None:
        raise Missing("case", case_id)
    return cases.to_case(row)


def _ranked(
    office: Office, conn: Connection, case: Case, now: datetime, *, only_new: bool = False
) -> tuple[Candidate, ...]:
    """Units that did not give the case up before; when all did, everyone who did not refuse it.

    Who closed a case that is open again knows it: that unit counts as new.
    """
    free = units.for_ranking(conn, now)
    rule = office.settings.dispatch.rank_rule()
    ends = assignments.ends_by_unit(conn, case.id)
    had = {unit_id for unit_id, why in ends.items() if why != "closed"}
    refused = {unit_id for unit_id, why in ends.items() if why == "refused"}
    need = needs.need_of(conn, office.district, case, danger=case.danger, now=now)
    ranked = rank(case.place, free, now=now, rule=rule, excluded=had, need=need)
    if ranked or only_new:
        return ranked
    return rank(case.place, free, now=now, rule=rule, excluded=refused, need=need)


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
    ranked: tuple[Candidate, ...],
    *,
    by: str,
    now: datetime,
) -> list[NewEvent]:
    """The best unit that is still free at the moment of writing; empty when none is."""
    for candidate in ranked:
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
