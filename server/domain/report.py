"""A report: what somebody told the line, as it comes in and as it is kept."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from server.domain.errors import Invalid
from server.domain.geo import Place
from triage.taxonomy import Label, Route

MAX_TEXT = 4000
"""The ministry's item 报警内容 holds up to 4,000 characters."""
FUTURE_TOLERANCE = timedelta(minutes=10)
ANONYMOUS = "匿名"
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Caller:
    """Clear values; they are sealed before they are stored."""

    name: str | None = None
    phone: str | None = None
    id_number: str | None = None


@dataclass(frozen=True, slots=True)
class NewReport:
    source: str
    source_id: str
    received_at: datetime
    text: str
    address: str | None = None
    place: Place | None = None
    caller: Caller = field(default_factory=Caller)
    code: str | None = None
    confidential: bool = False
    feedback_code: str | None = None
    feedback: str | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """A kept report. ``text`` has its numbers masked; the clear text is sealed in the store."""

    id: str
    source: str
    source_id: str
    received_at: datetime
    text: str
    address: str | None
    place: Place | None
    confidential: bool
    label: Label | None
    category: str | None
    route: Route
    case_id: str | None
    linked_to: str | None


def check(report: NewReport, now: datetime) -> None:
    """Raise Invalid naming the first field that cannot be taken."""
    if not report.text.strip():
        raise Invalid("text", "is empty; write what the caller said")
    if len(report.text) > MAX_TEXT:
        raise Invalid("text", f"is longer than {MAX_TEXT} characters; shorten it")
    if report.received_at > now + FUTURE_TOLERANCE:
        raise Invalid("received_at", "lies in the future; check the clock of the source")
    for name in ("source", "source_id"):
        if not getattr(report, name).strip():
            raise Invalid(name, "is empty; it identifies the report")


def address_key(address: str | None) -> str | None:
    """One spelling for one place: full-width folded, no blanks, one word for a building."""
    if not address:
        return None
    text = _SPACE.sub("", unicodedata.normalize("NFKC", address)).lower()
    for other in ("幢", "号楼"):
        text = text.replace(other, "栋")
    return text if len(text) >= 4 else None
