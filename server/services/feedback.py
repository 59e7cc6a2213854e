"""The feedback code of closed calls as a weak label: nobody read the text for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import structlog
from sqlalchemy import Connection

from server.domain.opinions import Opinion
from server.office import Office
from server.store import learning
from triage.codes import CodeTable
from triage.errors import WrongUse

MOST = 50_000
"""Newest coded reports that teach; older ones say what the place was, not what it is."""
_BY = "feedback"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Coded:
    """A report nobody spoke on, its masked text, and what its feedback code means."""

    report_id: str
    text: str
    at: datetime
    opinion: Opinion


def coded(office: Office, conn: Connection) -> Iterator[Coded]:
    """The newest coded reports without a person's word; codes the table lacks say nothing."""
    table = _table(office)
    if table is None:
        return
    for row in learning.coded(conn, limit=MOST):
        meant = table.meaning_of(row.feedback_code)
        if meant is not None:
            said = Opinion(_BY, row.taken_at, meant.label, meant.category, feedback=True)
            yield Coded(row.id, row.text, row.taken_at, said)


def count(office: Office, conn: Connection) -> int:
    """How many reports carry a code that could teach; 0 without a table."""
    return learning.count_coded(conn) if office.settings.learning.feedback_codes else 0


def _table(office: Office) -> CodeTable | None:
    named = office.settings.learning.feedback_codes
    if not named:
        return None
    path = office.home / named
    return _read(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> CodeTable | None:
    """None for a table that cannot be read: said once for each change of the file."""
    try:
        return CodeTable.parse(path.read_text("utf-8"))
    except (OSError, ValueError, WrongUse) as error:
        log.error("feedback_codes_unreadable", error=type(error).__name__, changed=changed)
        return None
