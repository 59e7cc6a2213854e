"""The operator's console: queue, report with its reasons, who could go, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from flask import Blueprint, render_template, request

from server.domain.audit_sample import REASON, AuditFigures
from server.domain.case import MEDIATED_ROUTES, Disposition
from server.domain.roles import Action, Actor
from server.domain.views import CandidateView, CaseView, Page, ReportView, UnitView
from server.office import Office
from server.services import attachments, audits, casefile, duplicates, ranking, reading, units
from server.services.attachments import AttachmentView
from server.services.casefile import FileState
from server.services.duplicates import JoinView, OfferView
from server.web.access import current_actor, current_office, needs
from server.web.pages import kept, saying, sentences, spans, urgency, words
from server.web.pages.wall import map_data

blueprint = Blueprint("console", __name__)

QUEUE = 200
CLOSED_PAGE = 50
CANDIDATES = 6
_DONE = "closed"
MAX_QUERY = 100
ESCALATED = Disposition.ESCALATED.value


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address says to show; empty strings mean everything that is not closed."""

    status: str = ""
    route: str = ""
    q: str = ""
    after: str = ""
    reason: str = ""

    def query(self, **changes: str | None) -> dict[str, str]:
        """The address's query with some members changed; empty ones are left out."""
        told = {"status": self.status, "route": self.route, "q": self.q, "after": self.after}
        told["reason"] = self.reason
        told |= {key: value or "" for key, value in changes.items()}
        return {key: value for key, value in told.items() if value}


@dataclass(frozen=True, slots=True)
class Queue:
    """The left pane: cases in order of urgency, or reports that hold the words searched for."""

    cases: tuple[CaseView, ...] = ()
    reports: tuple[ReportView, ...] = ()
    next: str | None = None
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Why a person should look, by case: for those that wait for one."""
    audited: AuditFigures | None = None
    """How the random audit has gone, when the queue shows it."""


@dataclass(frozen=True, slots=True)
class Detail:
    """The two right panes: one case, its reports, its story, who could go."""

    case: CaseView
    reports: tuple[ReportView, ...]
    pieces: dict[str, list[spans.Piece]]
    told: tuple[tuple[object, saying.Sentence], ...]
    candidates: tuple[CandidateView, ...]
    units: tuple[UnitView, ...]
    assignable: bool
    keys: dict[str, str]
    map_data: dict[str, Any]
    added: tuple[AttachmentView, ...] = ()
    offers: tuple[OfferView, ...] = ()
    joins: tuple[JoinView, ...] = ()
    audit: str | None = None
    """The report of this case that waits for a random audit."""
    file: FileState | None = None
    """Of a case that went to the conflict centre."""


@blueprint.get("/console")
@needs(Action.SEE_CONSOLE)
def console() -> str:
    """``?part=queue`` leaves the report out: every clear view of a caller leaves a trace."""
    office, actor = current_office(), current_actor()
    filters, case_id = _filters(), request.args.get("case", "")
    if request.args.get("part") == "queue":
        return kept.drawn(
            ("queue", actor.role, filters, case_id),
            lambda: render_template(
                "console_queue.html",
                filters=filters,
                queue=_queue(office, actor, filters),
                selected=case_id,
            ),
        )
    return render_template(
        "console.html",
        filters=filters,
        queue=_queue(office, actor, filters),
        detail=detail_of(office, actor, case_id) if case_id else None,
        selected=case_id,
    )


@blueprint.get("/console/cases/<case_id>")
@needs(Action.SEE_CONSOLE)
def case(case_id: str) -> str:
    """One case as a page of its own, to share by its link."""
    detail = detail_of(current_office(), current_actor(), case_id)
    return render_template("console_case.html", detail=detail, selected=case_id)


@blueprint.get("/console/reports/<report_id>")
@needs(Action.SEE_CONSOLE)
def report(report_id: str) -> str:
    """One report as a page of its own, to share by its link."""
    found = reading.report(current_office(), report_id, current_actor())
    return render_template(
        "console_report.html", report=found, pieces={found.id: _pieces(found)}, key=uuid4().hex
    )


def detail_of(office: Office, actor: Actor, case_id: str) -> Detail:
    """Everything about one case. Raises Missing."""
    found = reading.case(office, case_id, actor)
    reports = reading.case_reports(office, case_id, actor)
    seen = units.unit_views(office, actor)
    names = saying.Names(
        units={unit.id: unit.name for unit in seen},
        cases={case_id: ""},
    )
    assignable = _assignable(found)
    ranked = ranking.candidates(office, case_id, actor) if assignable else []
    return Detail(
        case=found,
        reports=reports,
        pieces={report.id: _pieces(report) for report in reports},
        told=tuple((event, sentences.tell(event, names)) for event in reversed(found.timeline)),
        candidates=tuple(ranked[:CANDIDATES]),
        units=tuple(seen),
        assignable=assignable,
        keys={name: uuid4().hex for name in (*words.STEPS, "close")},
        map_data=map_data([found], _shown_on_map(found, seen, ranked), office.clock()),
        added=attachments.of_case(office, case_id, actor),
        offers=tuple(duplicates.offers(office, case_id)) if found.status != _DONE else (),
        joins=tuple(duplicates.joins(office, case_id)),
        file=casefile.state_of(found.timeline) if found.disposition == ESCALATED else None,
        audit=audits.waiting_reports(office, [case_id]).get(case_id),
    )


def _shown_on_map(
    found: CaseView, seen: list[UnitView], ranked: Sequence[CandidateView]
) -> list[UnitView]:
    """Who could go, or who has the case."""
    wanted = {candidate.unit_id for candidate in ranked[:CANDIDATES]}
    if found.assignment:
        wanted.add(found.assignment.unit_id)
    return [unit for unit in seen if unit.id in wanted]


def _assignable(found: CaseView) -> bool:
    return (
        found.status != _DONE
        and not found.confidential
        and found.route in {route.value for route in MEDIATED_ROUTES}
    )


def _pieces(report: ReportView) -> list[spans.Piece]:
    cues = (report.assessment or {}).get("cues")
    found = [cue for cue in cues if isinstance(cue, dict)] if isinstance(cues, list) else []
    return spans.pieces(report.text, found)


def _filters() -> Filters:
    """Unknown words in the address filter nothing."""
    args = request.args
    status, route = args.get("status", ""), args.get("route", "")
    return Filters(
        status=status if status in words.STATUSES else "",
        route=route if route in words.ROUTES else "",
        q=args.get("q", "").strip()[:MAX_QUERY],
        after=args.get("after", ""),
        reason=reason if (reason := args.get("reason", "")) in words.DOUBTS else "",
    )


def _queue(office: Office, actor: Actor, filters: Filters) -> Queue:
    if filters.q:
        return _found(office, actor, filters)
    if filters.status == _DONE:
        page = _page(office, actor, filters, limit=CLOSED_PAGE)
        return Queue(cases=page.items, next=page.next)
    if filters.reason == REASON:
        return _audited(office)
    page = _page(office, actor, filters, limit=QUEUE)
    cases = tuple(urgency.by_urgency(page.items, office.clock()))
    waiting = [case.id for case in cases if case.route == "review" and case.status == "open"]
    reasons = reading.doubts(office, [c.id for c in cases] if filters.reason else waiting)
    drawn = audits.waiting_reports(office, [case.id for case in cases])
    reasons |= {case_id: (*reasons.get(case_id, ()), REASON) for case_id in drawn}
    if filters.reason:
        cases = tuple(case for case in cases if filters.reason in reasons.get(case.id, ()))
    return Queue(cases=cases, next=page.next, reasons=reasons)


def _audited(office: Office) -> Queue:
    """What the random audit waits for; also cases that are long closed."""
    cases = tuple(audits.waiting_cases(office, limit=QUEUE))
    reasons = {case.id: (REASON,) for case in cases}
    return Queue(cases=cases, reasons=reasons, audited=audits.figures(office))


def _page(office: Office, actor: Actor, filters: Filters, *, limit: int) -> Page[CaseView]:
    return reading.case_page(
        office,
        actor,
        status=filters.status or None,
        route=filters.route or None,
        after=filters.after or None,
        limit=limit,
        open_only=filters.status == "",
    )


def _found(office: Office, actor: Actor, filters: Filters) -> Queue:
    page = reading.report_page(
        office,
        actor,
        route=filters.route or None,
        q=filters.q,
        after=filters.after or None,
        limit=CLOSED_PAGE,
    )
    return Queue(reports=page.items, next=page.next)
