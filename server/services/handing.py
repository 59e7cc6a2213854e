"""A case changes hands: to the next shift, or in one touch to the police."""

from __future__ import annotations

from server.domain.case import Status
from server.domain.errors import CaseClosed, Conflict, Missing
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.domain.views import CaseView
from server.office import Office
from server.services import dispatch, viewing
from server.services.ownership import check_owner
from server.store import cases, events
from server.store.engine import reading, writing
from triage.taxonomy import Route

POLICE_DANGER = 90
"""Whoever calls the police from the scene stands in front of everything that is mild."""


def hand_over(office: Office, case_id: str, unit_id: str, actor: Actor) -> CaseView:
    """The unit that has the case gives it to another, at a shift's end for instance.

    Its clocks start anew. Raises Conflict when the other is off duty, busy, or gave it up before.
    """
    with reading(office.engine) as conn:
        if cases.find(conn, case_id) is None:
            raise Missing("case", case_id)
        running = cases.running_assignment(conn, case_id)
        check_owner(conn, case_id, running, actor)
    if running is None:
        raise Conflict(f"Case {case_id} is with no unit; assign it instead.")
    return dispatch.assign(office, case_id, unit_id, actor, instead_of=running.unit_id)


def recall(office: Office, case_id: str, actor: Actor) -> CaseView:
    """To the police at once: the mediators are called off and the command room is alerted.

    Again changes nothing. Raises Conflict for a mediator whose unit does not have the case.
    """
    now = office.clock()
    with writing(office.engine) as conn:
        row = cases.find(conn, case_id, lock=True)
        if row is None:
            raise Missing("case", case_id)
        case = cases.to_case(row)
        if case.status is Status.CLOSED:
            raise CaseClosed(case_id)
        if case.route is not Route.POLICE:
            running = cases.running_assignment(conn, case_id)
            check_owner(conn, case_id, running, actor)
            unit_id = running.unit_id if running is not None else None
            danger = max(row.danger, POLICE_DANGER)
            told = [NewEvent("police_needed", now, actor.name, case_id, unit_id=unit_id)]
            told += dispatch.change_route(
                conn, case, Route.POLICE, why="recalled", by=actor.name, now=now, danger=danger
            )
            events.tell(conn, told)
            row = cases.find(conn, case_id)
        return viewing.case_views(conn, [row] if row is not None else [])[0]
