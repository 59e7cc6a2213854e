"""Two cases that are one event: offered, joined by a person, taken apart again.

The joined case is closed as invalid and its reports go to the other, where they repeat its first
report. The act remembers what it moved, so undoing it is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from server.domain import case as case_rules
from server.domain import duplicates as rules
from server.domain.case import Case, Disposition, Status
from server.domain.duplicates import JoinReason, Offer
from server.domain.errors import Conflict, Missing
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.domain.views import CaseView
from server.office import Office
from server.services import aftercare, dispatch, travel_times, viewing
from server.store import cases, events, reports, reviewing
from server.store.engine import reading, writing
from triage.taxonomy import Route

COMPARED = 300
"""Newest open cases that are compared; with more the older are found by their number."""


@dataclass(frozen=True, slots=True)
class OfferView:
    """A case that may be the same event, with why; see ``duplicates.Offer``."""

    case: CaseView
    offer: Offer


@dataclass(frozen=True, slots=True)
class JoinView:
    """A join that stands: ``into`` this case, or of this case into the other."""

    number: int
    at: datetime
    by: str
    reason: str
    other_id: str
    inward: bool
    reports: int


def offers(office: Office, case_id: str) -> list[OfferView]:
    """Open cases that may be the same event as this open one, likeliest first."""
    with reading(office.engine) as conn:
        mine = reviewing.open_traits(conn, [case_id], limit=1)
        if not mine:
            return []
        found = rules.offers(mine[0], reviewing.open_traits(conn, limit=COMPARED))
        rows = [row for offer in found if (row := cases.find(conn, offer.case_id)) is not None]
        views = viewing.case_views(conn, rows)
    return [OfferView(view, offer) for view, offer in zip(views, found, strict=True)]


def joins(office: Office, case_id: str) -> list[JoinView]:
    with reading(office.engine) as conn:
        return [_view(row, case_id) for row in reviewing.joins_of(conn, case_id)]


def case_with_number(office: Office, ending: str) -> str:
    """The open case whose id ends so, as pages show it. Raises Missing, Conflict for several."""
    with reading(office.engine) as conn:
        found = reviewing.open_ids_ending(conn, ending.strip().upper(), limit=2)
    if not found:
        raise Missing("open case", ending)
    if len(found) > 1:
        raise Conflict("Several open cases end so; write more of the number.")
    return found[0]


def join(office: Office, case_id: str, into_id: str, reason: JoinReason, actor: Actor) -> CaseView:
    """One event, told twice: close the first and move its reports into the second.

    Raises Missing, CaseClosed, Conflict for a confidential one.
    """
    now = office.clock()
    with writing(office.engine) as conn:
        for each in sorted({case_id, into_id}):  # locked in one order: two joins never cross
            _load(conn, each, lock=True)
        case, into = _load(conn, case_id), _load(conn, into_id)
        rules.check_join(case, into)
        moved = _move(conn, case, into)
        values = {"case_id": case.id, "into_id": into.id, "at": now, "by": actor.name}
        values |= {"reason": reason.value, "moved": moved}
        number = reviewing.add_join(conn, values)
        told = _end(conn, case, number, actor, now)
        body = {"into": into.id, "reason": reason.value, "join": number}
        told.append(NewEvent("case_joined", now, actor.name, case.id, body=body))
        body = {"from": case.id, "reason": reason.value, "reports": len(moved), "join": number}
        told.append(NewEvent("case_took", now, actor.name, into.id, body=body))
        told += _raise(conn, case, into, actor, now)
        events.tell(conn, told)
        return viewing.case_views(conn, [_row(conn, into_id)])[0]


def take_apart(office: Office, number: int, actor: Actor) -> CaseView:
    """Undo a join: the reports go back, their case is open again and waits for a unit.

    The other case's route stays as it is. Raises Missing, Conflict when it is undone already or a
    later join has moved the reports on.
    """
    now = office.clock()
    with reading(office.engine) as conn:
        row = reviewing.join(conn, number)
    if row is None:
        raise Missing("join", str(number))
    travel = travel_times.of_case(office, row.case_id)
    with writing(office.engine) as conn:
        for each in sorted({row.case_id, row.into_id}):
            _load(conn, each, lock=True)
        case = _load(conn, row.case_id)
        here = {report.id for report in reports.of_case(conn, row.into_id)}
        if any(report_id not in here for report_id, _ in row.moved):
            raise Conflict("A later join has moved these reports on; undo that one first.")
        if case.status is not Status.CLOSED:
            raise Conflict(f"Case {case.id} is open again already; reload it.")
        if not reviewing.undo_join(conn, number, at=now, by=actor.name):
            raise Conflict("This join is undone already; reload the page.")
        for report_id, linked_to in row.moved:
            reports.change(conn, report_id, case_id=case.id, linked_to=linked_to)
        body = {"from": case.id, "join": number}
        told = [NewEvent("case_gave_back", now, actor.name, row.into_id, body=body)]
        told += aftercare.reopen(office, conn, case, travel, why="unjoined", by=actor.name, now=now)
        events.tell(conn, told)
        return viewing.case_views(conn, [_row(conn, row.case_id)])[0]


def _move(conn: Connection, case: Case, into: Case) -> list[tuple[str, str | None]]:
    main = next(row for row in reports.of_case(conn, into.id) if row.linked_to is None)
    moved = [(row.id, row.linked_to) for row in reports.of_case(conn, case.id)]
    for report_id, _ in moved:
        reports.change(conn, report_id, case_id=into.id, linked_to=main.id)
    return moved


def _end(conn: Connection, case: Case, number: int, actor: Actor, now: datetime) -> list[NewEvent]:
    """Close the joined case; a unit that has it is called back."""
    closed = cases.change(
        conn,
        case,
        status=Status.CLOSED,
        closed_at=now,
        closed_by=actor.name,
        close_key=f"join-{number}",
        disposition=Disposition.INVALID,
    )
    if not closed:
        raise Conflict(f"Case {case.id} has just changed; reload it.")
    dispatch.void_clocks(conn, case.id)
    running = cases.running_assignment(conn, case.id)
    if running is None:
        return []
    cases.end_assignment(conn, running.id, at=now, why="joined")
    body = {"why": "joined"}
    ended = NewEvent(
        "assignment_ended", now, actor.name, case.id, unit_id=running.unit_id, body=body
    )
    return [ended]


def _raise(conn: Connection, case: Case, into: Case, actor: Actor, now: datetime) -> list[NewEvent]:
    """As with a repeated call: graver words raise the route of the case that stays."""
    raised = case_rules.graver(into.route, case.route)
    if raised is into.route or raised is Route.REVIEW:
        return []
    danger = max(into.danger, case.danger)
    return dispatch.change_route(
        conn, into, raised, why="repeat_graver", by=actor.name, now=now, danger=danger
    )


def _view(row: reviewing.AnyRow, case_id: str) -> JoinView:
    inward = row.into_id == case_id
    return JoinView(
        number=row.id,
        at=row.at,
        by=row.by,
        reason=row.reason,
        other_id=row.case_id if inward else row.into_id,
        inward=inward,
        reports=len(row.moved),
    )


def _row(conn: Connection, case_id: str, *, lock: bool = False) -> cases.CaseRow:
    row = cases.find(conn, case_id, lock=lock)
    if row is None:
        raise Missing("case", case_id)
    return row


def _load(conn: Connection, case_id: str, *, lock: bool = False) -> Case:
    return cases.to_case(_row(conn, case_id, lock=lock))
