"""The answer of ``POST /reports``: made once, kept, and said again word for word on a repeat.

It is kept in clear, so it never holds more than masked personal data, whoever asks.
"""

from __future__ import annotations

from functools import cache

from pydantic import TypeAdapter
from sqlalchemy import Connection

from server.domain.views import CaseView, Json, ReportView
from server.services import viewing
from server.services.judgement import Judgement
from server.store import cases, events, reports
from server.store.cases import CaseRow
from server.vault import Vault


def intake_answer(vault: Vault, conn: Connection, report_id: str, judged: Judgement) -> Json:
    """``{report, assessment, risk, route, case, linked_to}`` of a report just recorded."""
    row = reports.find(conn, report_id)
    assert row is not None, "the report was recorded in this transaction"
    case_row = cases.find(conn, row.case_id)
    case = _case_view(conn, case_row) if case_row is not None else None
    return {
        "report": plain(viewing.report_view(vault, row, clear=False)),
        "assessment": judged.assessment.as_json() if judged.assessment else None,
        "risk": judged.risk.as_json() if judged.risk else None,
        "route": row.route,
        "case": plain(case) if case else None,
        "linked_to": row.linked_to,
    }


def _case_view(conn: Connection, row: CaseRow) -> CaseView:
    told = reports.ids_of_cases(conn, [row.id])[row.id]
    timelines = {row.id: events.of_case(conn, row.id, told)}
    return viewing.case_views(conn, [row], timelines=timelines)[0]


def plain(view: ReportView | CaseView) -> Json:
    """A view as JSON, instants as ISO 8601 with offset."""
    adapter: TypeAdapter[ReportView] | TypeAdapter[CaseView]
    adapter = _reports() if isinstance(view, ReportView) else _cases()
    made: Json = adapter.dump_python(view, mode="json")  # type: ignore[arg-type]
    return made


@cache
def _reports() -> TypeAdapter[ReportView]:
    return TypeAdapter(ReportView)


@cache
def _cases() -> TypeAdapter[CaseView]:
    return TypeAdapter(CaseView)
