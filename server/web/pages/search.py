"""Search over every report, and the list of all cases: filters in the address, files to take."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from server.domain.roles import Action, Actor
from server.domain.views import CaseView, Page, ReportView
from server.office import Office
from server.services import reading, searching, units
from server.services.searching import Question
from server.services.sheets import Cell
from server.web.access import current_actor, current_office, needs
from server.web.pages import lists, spans, words
from triage.taxonomy import CATEGORY_NAMES_ZH

blueprint = Blueprint("search", __name__)

PAGE = 50
FILE_PAGE = 200
MAX_QUERY = 100
REPORT_COLUMNS = (
    "收到时间", "来源", "编号", "内容（已脱敏）", "地址", "类别", "小类", "去向", "警情编号",
)  # fmt: skip
CASE_COLUMNS = (
    "立案时间", "编号", "地址", "小类", "去向", "进度", "承办单元", "办结时间", "结果",
)  # fmt: skip


@blueprint.get("/console/search")
@needs(Action.READ_REPORTS)
def search() -> str | Response:
    """Every report by words, kind and time; ``?as=csv`` or ``?as=xlsx`` as a file."""
    office, actor, question = current_office(), current_actor(), _question()
    if lists.wants_file():
        return _report_file(office, actor, question)
    after = request.args.get("after")
    page = searching.find(office, question, after=after, limit=PAGE)
    return render_template(
        "search.html",
        question=question,
        page=page,
        marked={report.id: spans.found(report.text, question.q) for report in page.items},
        kept=searching.kept(office, actor, "search"),
    )


@blueprint.get("/console/cases")
@needs(Action.SEE_CONSOLE)
def all_cases() -> str | Response:
    """Every case, newest first, by progress, route and unit; as a file too."""
    office, actor = current_office(), current_actor()
    if lists.wants_file():
        return _case_file(office, actor)
    seen = {unit.id: unit.name for unit in units.unit_views(office, actor)}
    return render_template(
        "cases.html",
        page=_cases(office, actor, request.args.get("after"), PAGE),
        unit_names=seen,
        kept=searching.kept(office, actor, "cases"),
    )


def _question() -> Question:
    args = request.args
    return Question(
        q=args.get("q", "").strip()[:MAX_QUERY],
        route=lists.asked("route", words.ROUTES),
        label=lists.asked("label", words.LABELS),
        category=lists.asked("category", (str(leaf) for leaf in CATEGORY_NAMES_ZH)),
        since=lists.day_start("since"),
        until=lists.day_end("until"),
    )


def _report_file(office: Office, actor: Actor, question: Question) -> Response:
    reading.note_export(office, actor, "reports")

    def rows(after: str | None) -> tuple[Sequence[Sequence[Cell]], str | None]:
        page = searching.find(office, question, after=after, limit=FILE_PAGE)
        return [_report_row(report) for report in page.items], page.next

    return lists.as_file(
        "警情", REPORT_COLUMNS, lists.every_page(rows, columns=len(REPORT_COLUMNS))
    )


def _report_row(report: ReportView) -> Sequence[Cell]:
    return (
        lists.local(report.received_at),
        report.source,
        report.source_id,
        report.text,
        report.address,
        words.LABELS.get(report.label or "", ""),
        words.category(report.category),
        words.ROUTES.get(report.route, report.route),
        report.case_id,
    )


def _cases(office: Office, actor: Actor, after: str | None, limit: int) -> Page[CaseView]:
    return reading.case_page(
        office,
        actor,
        status=lists.asked("status", words.STATUSES) or None,
        route=lists.asked("route", words.ROUTES) or None,
        unit=request.args.get("unit") or None,
        after=after,
        limit=limit,
    )


def _case_file(office: Office, actor: Actor) -> Response:
    reading.note_export(office, actor, "cases")

    def rows(after: str | None) -> tuple[Sequence[Sequence[Cell]], str | None]:
        page = _cases(office, actor, after, FILE_PAGE)
        return [_case_row(case) for case in page.items], page.next

    return lists.as_file("案件", CASE_COLUMNS, lists.every_page(rows, columns=len(CASE_COLUMNS)))


def _case_row(case: CaseView) -> Sequence[Cell]:
    return (
        lists.local(case.opened_at),
        case.id,
        case.address,
        words.category(case.category),
        words.ROUTES.get(case.route, case.route),
        words.STATUSES.get(case.status, case.status),
        case.assignment.unit_name if case.assignment else "",
        lists.local(case.closed_at),
        words.DISPOSITIONS.get(case.disposition or "", ""),
    )
