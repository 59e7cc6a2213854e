"""Period reports and a case's papers: right spans, files that open, templates of the site."""

from __future__ import annotations

import io
from datetime import date
from typing import Protocol

import pytest
from docx import Document as WordFile
from flask.testing import FlaskClient
from openpyxl import load_workbook

from server.domain.case import Disposition
from server.domain.geo import Place
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts, dispatch, documents, fonts, intake, period, review, tracking
from server.services.documents import Document
from server.services.period import Span
from server.web.auth import COOKIE
from server.web.flask_app import create_web
from triage.taxonomy import Route

DESK = Actor("zhihui", Role.DISPATCHER)


class Clock(Protocol):
    def forward(self, seconds: float) -> object: ...


HTML = {"Accept": "text/html"}


def enter(office: Office, role: Role) -> FlaskClient:
    user = accounts.create_user(office, f"u-{role.value}", "made-up-password", role)
    client = create_web(office).test_client()
    client.set_cookie(COOKIE, accounts.open_session(office, user))
    return client


@pytest.fixture
def settled(office: Office, units: tuple[str, str], clock: Clock) -> str:
    """A case that was settled on the spot, with words that would break a careless template."""
    new = NewReport(
        source="110",
        source_id="P-1",
        received_at=office.clock(),
        text="房东不退押金 <b>&{{ 7*7 }}，双方争吵，要求调解",
        address="演示街道一号",
        place=Place(30.421, 120.301),
        caller=Caller(name="李某某", phone="13800000001"),
    )
    case_id = str(intake.take(office, new, Actor("line", Role.INTAKE)).answer["report"]["case_id"])  # type: ignore[index]
    if review.decide_route(office, case_id, Route.MEDIATE, actor=DESK).assignment is None:
        dispatch.assign(office, case_id, None, DESK)
    tracking.close(
        office,
        case_id,
        disposition=Disposition.SETTLED_ON_SPOT,
        key="close-key-1",
        actor=DESK,
        note="房东三日内退还押金",
        parties=("李某某", "王某某"),
        amount_yuan=3000,
    )
    clock.forward(60)
    return case_id


@pytest.mark.parametrize(
    ("span", "day", "first", "last"),
    [
        (Span.DAY, date(2026, 7, 1), date(2026, 7, 1), date(2026, 7, 1)),
        (Span.WEEK, date(2026, 7, 1), date(2026, 6, 29), date(2026, 7, 5)),
        (Span.MONTH, date(2024, 2, 29), date(2024, 2, 1), date(2024, 2, 29)),
        (Span.MONTH, date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_spans_begin_and_end_where_people_say(
    span: Span, day: date, first: date, last: date
) -> None:
    assert period.bounds(span, day) == (first, last)
    assert period.previous(span, first)[1].toordinal() == first.toordinal() - 1
    assert period.a_year_before(date(2024, 2, 29)) == date(2023, 2, 28)


def test_changes_are_said_honestly() -> None:
    assert period.change(15, 10) == "+50%"
    assert period.change(15, 0) == "—"
    assert period.points(0.75, 0.70) == "+5.0点"
    assert period.points(None, 0.7) == "—"


def test_the_page_and_its_workbook_hold_the_same_figures(office: Office, settled: str) -> None:
    client = enter(office, Role.SUPERVISOR)
    for span in ("day", "week", "month"):
        page = client.get(f"/console/period?span={span}").text
        assert "当场化解率" in page
        assert "100%" in page
    held = client.get("/console/period?span=week&as=xlsx").data
    book = load_workbook(io.BytesIO(held))
    assert book.sheetnames == ["数字", "步骤用时", "类别", "队伍", "逐日"]
    figures = {row[0]: row[1] for row in book["数字"].iter_rows(min_row=2, values_only=True)}
    assert (figures["收警"], figures["当场化解"], figures["当场化解率"]) == ("1", "1", "100.0%")
    assert book["逐日"].max_row == 8


def test_the_pdf_prints_chinese(office: Office, settled: str) -> None:
    if fonts.chinese_font() is None:
        pytest.skip("no Chinese font on this machine; run .ci/packages")
    held = enter(office, Role.SUPERVISOR).get("/console/period?span=month&as=pdf")
    assert held.data.startswith(b"%PDF-")
    assert b"NotoSansCJK" in held.data or b"/FontFile" in held.data
    assert len(held.data) < 2_000_000


def test_without_a_font_the_page_says_so(
    office: Office, settled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.services.fonts.shutil.which", lambda _name: None)
    fonts.chinese_font.cache_clear()
    try:
        client = enter(office, Role.SUPERVISOR)
        assert fonts.HINT in client.get("/console/period").text
        asked = client.get("/console/period?as=pdf", headers=HTML, follow_redirects=True)
        assert fonts.HINT in asked.text
    finally:
        fonts.chinese_font.cache_clear()


def words_of(held: bytes) -> str:
    return "\n".join(paragraph.text for paragraph in WordFile(io.BytesIO(held)).paragraphs)


def test_papers_are_filled_and_run_nothing_of_a_report(office: Office, settled: str) -> None:
    agreement = words_of(documents.make(office, settled, Document.AGREEMENT, DESK))
    assert "人民调解协议书" in agreement
    assert "李某某、王某某" in agreement
    assert "3,000.00 元" in agreement
    assert "<b>&{{ 7*7 }}" in agreement
    record = words_of(documents.make(office, settled, Document.RECORD, DESK))
    assert "当场化解" in record
    assert "演示街道一号" in record


def test_a_site_has_its_own_template(office: Office, settled: str) -> None:
    own = WordFile()
    own.add_paragraph("临溪镇专用 {{ case_number }} {{ unit }}")
    (office.home / "templates").mkdir()
    own.save(str(office.home / "templates" / "agreement.docx"))
    client = enter(office, Role.DISPATCHER)
    answer = client.get(f"/cases/{settled}/agreement.docx")
    assert answer.status_code == 200
    assert words_of(answer.data).startswith("临溪镇专用")
    (office.home / "templates" / "agreement.docx").write_bytes(b"no word file")
    broken = client.get(f"/cases/{settled}/agreement.docx", headers=HTML, follow_redirects=True)
    assert "模板agreement.docx不能填写" in broken.text


def test_papers_are_for_those_who_work_on_the_case(office: Office, settled: str) -> None:
    assert enter(office, Role.SUPERVISOR).get(f"/cases/{settled}/record.docx").status_code == 403
    desk = enter(office, Role.DISPATCHER)
    assert desk.get(f"/cases/{settled}/nothing.docx", headers=HTML).status_code == 422
