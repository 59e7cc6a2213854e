"""What triage is given of a report: its words, never its caller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReportText:
    """The words of one report. ``text`` has phones and ids masked; ``received_at`` is aware."""

    id: str
    text: str
    received_at: datetime | None = None
