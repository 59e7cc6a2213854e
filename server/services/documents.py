"""The mediation agreement (人民调解协议书) and the record, as Word files from templates.

A site puts its own ``agreement.docx`` or ``record.docx`` into ``HOME/templates/``; the shipped ones
serve otherwise. A template says ``{{ case_number }}``, ``{{ address }}`` and so on: the fields of
``Facts``. Nothing in a report can break or run inside a template: values are escaped
and the template language is sandboxed.
"""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from zipfile import BadZipFile
from zoneinfo import ZoneInfo

from docxtpl import DocxTemplate
from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment

from server.domain.case import DISPOSITION_NAMES_ZH, STEP_NAMES_ZH, Disposition, Step
from server.domain.errors import Invalid
from server.domain.roles import Actor
from server.domain.views import CaseView
from server.office import Office
from server.services import reading
from server.store import cases, units
from server.store.engine import reading as reading_store
from triage.taxonomy import CATEGORY_NAMES_ZH

SHIPPED = Path(__file__).parent / "document_templates"
FOLDER = "templates"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
BLANK = "＿＿＿＿＿＿"
MAX_BYTES = 5_000_000


class Document(StrEnum):
    AGREEMENT = "agreement"
    RECORD = "record"


TITLES = {Document.AGREEMENT: "人民调解协议书", Document.RECORD: "人民调解记录"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a template may name; what is not known is a line to write on."""

    district: str
    committee: str
    case_number: str
    made_on: str
    opened_at: str
    closed_at: str
    address: str
    category: str
    parties: str
    caller: str
    told: str
    outcome: str
    note: str
    amount: str
    unit: str
    mediators: str
    steps: tuple[str, ...]


def make(office: Office, case_id: str, document: Document, actor: Actor) -> bytes:
    """The filled Word file; clear data as the person may see it, and the view leaves a trace.

    Raises Missing, NotAllowed; Invalid for a case nobody has taken up or a template that cannot be
    filled.
    """
    case = reading.case(office, case_id, actor)
    if case.assignment is None:
        raise Invalid("case", "还没有单元承办，暂时不能出文书")
    facts = _facts(office, case, actor)
    return fill(_template(office.home, document), facts)


def fill(template: Path, facts: Facts) -> bytes:
    """Raises Invalid naming the template and what is wrong with it."""
    if template.stat().st_size > MAX_BYTES:
        raise Invalid("template", f"模板{template.name}太大，请换小一些的")
    try:
        paper = DocxTemplate(template)
        paper.render(asdict(facts), SandboxedEnvironment(autoescape=True), autoescape=True)
    except (TemplateError, BadZipFile, SyntaxError, ValueError, KeyError, OSError) as error:
        why = f"模板{template.name}不能填写（{type(error).__name__}），请改正或移走"
        raise Invalid("template", why) from error
    held = io.BytesIO()
    paper.save(held)
    return held.getvalue()


def _template(home: Path, document: Document) -> Path:
    own = home / FOLDER / f"{document.value}.docx"
    return own if own.is_file() else SHIPPED / f"{document.value}.docx"


def _facts(office: Office, case: CaseView, actor: Actor) -> Facts:
    reports = reading.case_reports(office, case.id, actor)
    first = reports[0]
    assert case.assignment is not None, "checked by make"
    with reading_store(office.engine) as conn:
        row = cases.find(conn, case.id)
        members = units.members_of(conn, case.assignment.unit_id)
    assert row is not None, "reading.case has found it"
    kept = office.vault.open_json(row.outcome_sealed) if row.outcome_sealed else {}
    zone = ZoneInfo(office.settings.district.time_zone)
    ended = DISPOSITION_NAMES_ZH[Disposition(case.disposition)] if case.disposition else BLANK
    return Facts(
        district=office.district.name,
        committee=f"{office.district.name}人民调解委员会",
        case_number=case.id[-10:].upper(),
        made_on=_day(office.clock(), zone),
        opened_at=_moment(case.opened_at, zone),
        closed_at=_moment(case.closed_at, zone) if case.closed_at else BLANK,
        address=case.address or BLANK,
        category=_leaf(case.category),
        parties=str(kept.get("parties") or "") or BLANK,
        caller=(first.caller.name if first.caller else None) or BLANK,
        told=first.text,
        outcome=ended,
        note=str(kept.get("note") or "") or BLANK,
        amount=f"{row.amount_yuan:,.2f} 元" if row.amount_yuan else BLANK,
        unit=case.assignment.unit_name,
        mediators="、".join(members) or BLANK,
        steps=tuple(
            f"{STEP_NAMES_ZH[Step(step.step)]} {_moment(step.at, zone)}" for step in case.steps
        ),
    )


def _leaf(code: str | None) -> str:
    known = {str(key): name for key, name in CATEGORY_NAMES_ZH.items()}
    return known.get(code or "", BLANK)


def _day(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.year}年{local.month}月{local.day}日"


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{_day(at, zone)} {at.astimezone(zone):%H:%M}"
