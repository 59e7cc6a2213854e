"""A mediator at the door says what it really was."""

from __future__ import annotations

from sqlalchemy import Connection

from server.domain.case import Case, Status
from server.domain.errors import CaseClosed, Conflict, Missing, NotAllowed
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.office import Office
from server.services import dispatch, review
from server.store import cases, events, learning, reports
from server.store.engine import writing
from triage.taxonomy import Label, Route


def say(
    office: Office,
    case_id: str,
    *,
    label: Label,
    category: str | None,
    actor: Actor,
    why: str | None = None,
) -> None:
    """Keep the word with whether the phone showed the model's (``saw_model``); the unit stays.

    A police matter calls the police beside the mediators; nothing said at the door ever takes
    protection away. Raises NotAllowed unless the actor's unit has the case now.
    """
    review.check_category(label, category)
    now = office.clock()
    with writing(office.engine) as conn:
        case = _case_of(conn, case_id, actor)
        main = next((r for r in reports.of_case(conn, case_id) if r.linked_to is None), None)
        if main is None:
            raise Missing("report", case_id)
        said = {"report_id": main.id, "at": now, "by": actor.name, "label": label}
        said |= {"category": category, "why": why, "label_before": main.label}
        saw = _saw_model(conn, main.id)
        learning.add_opinion(conn, said, screen="phone", saw_model=saw, purpose="door")
        body = {"from": main.label, "label": label.value, "category": category, "screen": "phone"}
        told = [NewEvent("report_corrected", now, actor.name, case_id, main.id, body=body)]
        told += _follow(conn, case, label, category, actor, told[0])
        route = Route.JOINT if len(told) > 1 else case.route
        reports.change(conn, main.id, label=label, category=category, route=route)
        events.tell(conn, told)


def _case_of(conn: Connection, case_id: str, actor: Actor) -> Case:
    row = cases.find(conn, case_id, lock=True)
    if row is None:
        raise Missing("case", case_id)
    if row.status == Status.CLOSED:
        raise CaseClosed(case_id)
    running = cases.running_assignment(conn, case_id)
    if running is None or running.unit_id != actor.unit_id:
        raise NotAllowed("This case is not with your unit.")
    return cases.to_case(row)


def _saw_model(conn: Connection, report_id: str) -> bool:
    """The phone shows the category in force: the model's, unless a person spoke before."""
    judged = reports.last_prediction(conn, report_id) is not None
    return judged and not learning.opinions(conn, report_id=report_id)


def _follow(
    conn: Connection,
    case: Case,
    label: Label,
    category: str | None,
    actor: Actor,
    said: NewEvent,
) -> list[NewEvent]:
    if label is Label.POLICE and case.route is Route.MEDIATE and not case.confidential:
        told = dispatch.change_route(
            conn,
            case,
            Route.JOINT,
            why="door",
            by=actor.name,
            now=said.at,
            label=label,
            category=category,
        )
        return [
            *told,
            NewEvent("police_needed", said.at, actor.name, case.id, unit_id=actor.unit_id),
        ]
    if not cases.change(conn, case, label=label, category=category):
        raise Conflict(f"Case {case.id} has just changed; reload it.")
    return []
