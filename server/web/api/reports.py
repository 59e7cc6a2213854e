"""Reports: filed once, read masked, corrected by people."""

from __future__ import annotations

import json
from dataclasses import dataclass

from flask import Response
from pydantic import Field

from server.domain.geo import place
from server.domain.report import Caller, NewReport
from server.domain.roles import Action, Actor
from server.domain.views import CaseView, Page, ReportView
from server.domain.views import Json as JsonObject
from server.office import Office
from server.services import intake, reading, review
from server.web import metrics
from server.web.contract import Body, Operations, Query
from server.web.fields import Cursor, Instant, Key, Limit, LineText, LongText, ShortText
from triage.taxonomy import Label, Route

reports = Operations("reports")


class LocationBody(Body):
    """A place and its datum: one of WGS-84, GCJ-02, BD-09."""

    lat: float
    lon: float
    crs: ShortText | None = Field(None, description="Required: WGS-84, GCJ-02 or BD-09.")


class CallerBody(Body):
    """Sealed before it is stored; comes back masked by role."""

    name: ShortText | None = None
    phone: ShortText | None = None
    id_number: ShortText | None = None


class ReportBody(Body):
    """A report as the line or the street services hand it over."""

    source: ShortText = Field(min_length=1)
    source_id: Key
    received_at: Instant
    text: LongText = Field(min_length=1)
    address: LineText | None = None
    location: LocationBody | None = None
    caller: CallerBody | None = None
    code: ShortText | None = None
    confidential: bool = False

    def new_report(self) -> NewReport:
        """Raises Invalid naming the field of the location that does not fit."""
        at, caller = self.location, self.caller
        return NewReport(
            source=self.source,
            source_id=self.source_id,
            received_at=self.received_at,
            text=self.text,
            address=self.address,
            place=place(lat=at.lat, lon=at.lon, crs=at.crs) if at else None,
            caller=Caller(caller.name, caller.phone, caller.id_number) if caller else Caller(),
            code=self.code,
            confidential=self.confidential,
        )


@dataclass(frozen=True, slots=True)
class ReportAnswer:
    """What filing answers; the service makes it as JSON, this is its shape."""

    report: ReportView
    assessment: JsonObject | None
    risk: JsonObject | None
    route: str
    case: CaseView | None
    linked_to: str | None


class ReportQuery(Query):
    route: Route | None = None
    label: Label | None = None
    q: LineText | None = Field(None, description="Words to look for in the text.")
    after: Cursor | None = None
    limit: Limit = 50


class LabelBody(Body):
    label: Label
    category: ShortText | None = None
    why: LineText | None = None


@reports.post(
    "/reports",
    Action.FILE_REPORT,
    body=ReportBody,
    answers={201: ReportAnswer, 200: ReportAnswer},
)
def file_report(office: Office, actor: Actor, body: ReportBody) -> Response:
    """File a report; the same source and source_id again answers the same with 200."""
    taken = intake.take(office, body.new_report(), actor)
    metrics.report_filed(str(taken.answer["route"]), created=taken.created)
    words = json.dumps(taken.answer, ensure_ascii=False, sort_keys=True)
    return Response(words, 201 if taken.created else 200, content_type="application/json")


@reports.get("/reports", Action.READ_REPORTS, query=ReportQuery, answers={200: Page[ReportView]})
def list_reports(office: Office, actor: Actor, query: ReportQuery) -> Page[ReportView]:
    """A page of reports, newest first."""
    return reading.report_page(
        office,
        actor,
        route=query.route,
        label=query.label,
        q=query.q,
        after=query.after,
        limit=query.limit,
    )


@reports.get("/reports/<report_id>", Action.READ_CASES, answers={200: ReportView})
def read_report(office: Office, actor: Actor, report_id: str) -> ReportView:
    """One report with its assessment and risk; masked by role, mediators see their unit's."""
    return reading.report(office, report_id, actor)


@reports.post(
    "/reports/<report_id>/label", Action.CORRECT, body=LabelBody, answers={200: ReportView}
)
def correct_label(office: Office, actor: Actor, report_id: str, body: LabelBody) -> ReportView:
    """Correct the label; the prediction stays and the correction is added."""
    return review.correct(
        office, report_id, label=body.label, category=body.category, why=body.why, actor=actor
    )
