"""The correction is the work: a person's word on label and route. The prediction stays."""

from __future__ import annotations

from sqlalchemy import Connection

from server.domain.case import Case, Status, route_after_correction
from server.domain.errors import CaseClosed, Conflict, Invalid, Missing
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.domain.travel import Travel
from server.domain.views import CaseView, ReportView
from server.office import Office
from server.services import dispatch, travel_times, viewing
from server.store import cases, events, learning, reports
from server.store.engine import writing
from triage.selection import Chosen
from triage.taxonomy import Label, Route, is_category, label_of


def correct(
    office: Office,
    report_id: str,
    *,
    label: Label,
    actor: Actor,
    category: str | None = None,
    why: str | None = None,
    screen: str = "api",
    purpose: str = "correct",
    chosen: Chosen | None = None,
) -> ReportView:
    """Say what a report really is; its open case follows at once. ``screen`` is where it was said;
    ``purpose`` correct, adjudicate, or chosen with the reason it was put before the person."""
    check_category(label, category)
    now = office.clock()
    travel = travel_times.of_report(office, report_id)
    with writing(office.engine) as conn:
        row = reports.find(conn, report_id)
        if row is None:
            raise Missing("report", report_id)
        learning.add_opinion(
            conn,
            {
                "report_id": report_id,
                "at": now,
                "by": actor.name,
                "label": label,
                "category": category,
                "why": why,
                "label_before": row.label,
            },
            screen=screen,
            saw_model=purpose == "correct",
            purpose=purpose,
            chosen=chosen,
        )
        body = {"from": row.label, "label": label.value, "category": category}
        told = [NewEvent("report_corrected", now, actor.name, row.case_id, report_id, body=body)]
        case = _open_main_case(conn, row)
        route = row.route
        if case is not None:
            decided = route_after_correction(
                label, current=case.route, confidential=case.confidential
            )
            told += _follow(office, conn, case, decided, label, category, actor, travel)
            route = decided.value
        reports.change(conn, report_id, label=label, category=category, route=route)
        events.tell(conn, told)
        changed = reports.find(conn, report_id)
        assert changed is not None, "rows of reports are never deleted"
        return viewing.report_view(office.vault, changed, clear=False)


def decide_route(
    office: Office, case_id: str, route: Route, *, actor: Actor, why: str | None = None
) -> CaseView:
    """An operator's decision where a case goes; the label stays as it is."""
    now = office.clock()
    travel = travel_times.of_case(office, case_id)
    with writing(office.engine) as conn:
        row = cases.find(conn, case_id, lock=True)
        if row is None:
            raise Missing("case", case_id)
        case = cases.to_case(row)
        if case.status is Status.CLOSED:
            raise CaseClosed(case_id)
        if case.confidential and route not in {case.route, Route.POLICE}:
            raise Conflict(f"Case {case_id} is confidential and never leaves its route.")
        told = dispatch.change_route(
            conn, case, route, why=why or "operator", by=actor.name, now=now
        )
        told += dispatch.hand_over_if_auto(office, conn, case_id, now, travel)
        events.tell(conn, told)
        changed = cases.find(conn, case_id)
        return viewing.case_views(conn, [changed] if changed is not None else [])[0]


def check_category(label: Label, category: str | None) -> None:
    """Raises Invalid for a leaf that is unknown or belongs to another label."""
    if category is None:
        return
    if not is_category(category):
        raise Invalid("category", "is unknown; take one of the leaves of the taxonomy")
    if label_of(category) is not label:
        raise Invalid("category", f"does not belong to the label {label.value}")


def _open_main_case(conn: Connection, report: reports.ReportRow) -> Case | None:
    """The case that follows this report's label: a repeat's label changes no case."""
    if report.case_id is None or report.linked_to is not None:
        return None
    row = cases.find(conn, report.case_id, lock=True)
    return cases.to_case(row) if row is not None and row.status != Status.CLOSED else None


def _follow(
    office: Office,
    conn: Connection,
    case: Case,
    route: Route,
    label: Label,
    category: str | None,
    actor: Actor,
    travel: Travel,
) -> list[NewEvent]:
    now = office.clock()
    if route is case.route:
        if not cases.change(conn, case, label=label, category=category):
            raise Conflict(f"Case {case.id} has just changed; reload it.")
        return []
    told = dispatch.change_route(
        conn,
        case,
        route,
        why="corrected",
        by=actor.name,
        now=now,
        label=label,
        category=category,
    )
    return told + dispatch.hand_over_if_auto(office, conn, case.id, now, travel)
