"""Papers: period reports as page, workbook and PDF; a case's agreement and record as Word files."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, Response, flash, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from server.domain.errors import Invalid, Unavailable
from server.domain.roles import Action, Role
from server.services import documents, fonts, period, report_files, sheets
from server.services.documents import Document
from server.services.period import Report, Span
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms, lists, words
from server.web.pages.notices import in_chinese

blueprint = Blueprint("papers", __name__)

HERE = "/console/period"
PDF = "application/pdf"


@blueprint.get(HERE)
@needs(Action.READ_STATS)
def period_report() -> str | AnyResponse:
    """The report of a day, week or month; ``?as=xlsx`` or ``?as=pdf`` as a file."""
    office = current_office()
    today = office.clock().astimezone(lists.zone()).date()
    span = Span(lists.asked("span", [span.value for span in Span]) or Span.DAY)
    day = min(_day() or today, today)
    made = period.report(office, current_actor(), span, day)
    wanted = request.args.get("as")
    if wanted == "xlsx":
        held = report_files.as_xlsx(made, words.category, words.STEPS)
        return lists.attached(Response(held, content_type=sheets.XLSX), f"{_title(made)}.xlsx")
    if wanted == "pdf":
        return _as_pdf(made)
    return render_template(
        "period.html",
        report=made,
        title=_title(made),
        said=period.names(span),
        figures=tuple(report_files.figure_lines(made)),
        step_heading=report_files.STEP_HEADING,
        step_lines=tuple(report_files.step_lines(made.now, words.STEPS)),
        team_heading=report_files.TEAM_HEADING,
        earlier=made.first - timedelta(days=1),
        later=made.last + timedelta(days=1) if made.last < today else None,
        font=fonts.chinese_font(),
        font_hint=fonts.HINT,
    )


@blueprint.get("/cases/<case_id>/<document>.docx")
@needs(Action.ACT_ON_CASE)
def case_document(case_id: str, document: str) -> AnyResponse:
    """A case's ``agreement`` or ``record``, filled in, to print and sign."""
    try:
        kind = Document(document)
        held = documents.make(current_office(), case_id, kind, current_actor())
    except Invalid as error:
        flash(in_chinese(error), "bad")
        on_phone = current_actor().role is Role.MEDIATOR
        return redirect(f"{'/m' if on_phone else '/console'}/cases/{case_id}", code=303)
    except ValueError as error:
        raise Invalid("document", "没有这种文书") from error
    answer = Response(held, content_type=documents.DOCX)
    return lists.attached(answer, f"{documents.TITLES[kind]}-{case_id[-6:]}.docx")


def _as_pdf(made: Report) -> AnyResponse:
    office = current_office()
    try:
        held = report_files.as_pdf(
            made,
            title=f"{office.district.name} {_title(made)}",
            made=office.clock().astimezone(lists.zone()),
            category=words.category,
            steps=words.STEPS,
        )
    except Unavailable:
        flash(fonts.HINT, "bad")
        return redirect(forms.back(HERE), code=303)
    return lists.attached(Response(held, content_type=PDF), f"{_title(made)}.pdf")


def _title(made: Report) -> str:
    said = period.names(made.span)["title"]
    if made.span is Span.MONTH:
        return f"警源治理{said} {made.first:%Y年%m月}"
    ends = f"{made.first:%Y-%m-%d}"
    return f"警源治理{said} {ends}" + ("" if made.first == made.last else f"至{made.last:%m-%d}")


def _day() -> date | None:
    try:
        return date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        return None
