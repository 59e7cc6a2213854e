"""Reports that came while no model was usable are judged as soon as one is."""

from __future__ import annotations

from sqlalchemy import Connection

from server.domain.case import Status
from server.domain.events import NewEvent
from server.domain.report import Caller, NewReport
from server.domain.roles import SYSTEM
from server.office import Office
from server.services import dispatch, judgement, report_rows
from server.services.judgement import Judgement
from server.store import cases, events, reports
from server.store.engine import reading, writing
from server.store.reports import ReportRow
from triage.taxonomy import Route

BATCH = 50


def rejudge_waiting(office: Office) -> int:
    """Judge waiting reports, oldest first; how many were judged. A closed case stays as it is."""
    if office.judge.name is None:
        return 0
    with reading(office.engine) as conn:
        rows = reports.without_prediction(conn, limit=BATCH)
    judged = 0
    for row in rows:
        verdict = judgement.of_text(office, _as_new(row))
        if verdict.assessment is None:
            return judged  # the model is not usable after all
        with writing(office.engine) as conn:
            _record(office, conn, row, verdict)
        judged += 1
    return judged


def _record(office: Office, conn: Connection, row: ReportRow, verdict: Judgement) -> None:
    now = office.clock()
    current = reports.find(conn, row.id)
    if current is None or current.label is not None:
        return  # another worker or a person was faster
    kept = {"id": row.id, "text": row.text}
    reports.add_predictions(conn, report_rows.predictions(kept, verdict, now))
    reports.change(
        conn, row.id, label=verdict.label, category=verdict.category, route=verdict.route
    )
    body = {"route": verdict.route.value, "label": verdict.label and verdict.label.value}
    told = [NewEvent("report_judged", now, SYSTEM, row.case_id, row.id, body=body)]
    case_row = cases.find(conn, row.case_id) if row.case_id and not row.linked_to else None
    if case_row is not None and case_row.status == Status.OPEN:
        case = cases.to_case(case_row)
        if case.route is Route.REVIEW:
            told += dispatch.change_route(
                conn,
                case,
                verdict.route,
                why="judged_late",
                by=SYSTEM,
                now=now,
                danger=verdict.danger,
                label=verdict.label,
                category=verdict.category,
            )
            told += dispatch.hand_over_if_auto(office, conn, case.id, now)
    events.tell(conn, told)


def _as_new(row: ReportRow) -> NewReport:
    return NewReport(
        source=row.source,
        source_id=row.source_id,
        received_at=row.received_at,
        text=row.text,
        address=row.address,
        caller=Caller(),
        confidential=row.confidential,
    )
