"""The spot check: drawn at intake among what the model decided alone, waiting in the review queue.

It is a safety net with the model's word in sight, while the case is still open. How good the model
is is said by the blind audit alone (``choosing``); what that one draws is never shown here, because
whoever has seen the model's word is no longer blind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from server.domain.audit_sample import AuditFigures
from server.domain.errors import Conflict
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.domain.views import CaseView
from server.office import Office
from server.services import viewing
from server.services.judgement import Judgement
from server.store import cases, events, learning, reports, reviewing
from server.store.engine import reading, writing
from triage.selection import is_audited
from triage.taxonomy import Route

WAITS = timedelta(days=30)
"""What nobody looked at for so long leaves the queue; it still counts as drawn."""


def draw(
    office: Office,
    conn: Connection,
    report_id: str,
    judged: Judgement,
    *,
    confidential: bool,
    now: datetime,
) -> None:
    """Maybe put a report on the list: only what no person would look at anyway."""
    share, blind = office.settings.review.spot_check_share, office.settings.learning.audit_share
    alone = judged.assessment is not None and judged.route is not Route.REVIEW
    if confidential or not alone or is_audited(report_id, blind, draw_key(office)):
        return
    if not is_audited(report_id, share, office.vault.key("audit", "spot check")):
        return
    label = judged.label.value if judged.label else None
    chance = share * (1 - blind)
    drawn = {"report_id": report_id, "at": now, "probability": chance, "label": label}
    reviewing.draw(conn, drawn)


def draw_key(office: Office) -> str:
    """Of the blind audit. Known to the office alone, so that nobody can tell which reports will be
    looked at."""
    return office.vault.key("audit", "draw")


def waiting_cases(office: Office, *, limit: int) -> list[CaseView]:
    """Cases, closed ones too, whose report waits for an audit; the oldest first."""
    with reading(office.engine) as conn:
        found = reviewing.audits_waiting(conn, office.clock() - WAITS, limit=limit)
        ids = list(dict.fromkeys(row.case_id for row in found if row.case_id))
        rows = [row for case_id in ids if (row := cases.find(conn, case_id)) is not None]
        return list(viewing.case_views(conn, rows))


def waiting_reports(office: Office, case_ids: Sequence[str]) -> dict[str, str]:
    """Case to the report of it that waits for an audit."""
    with reading(office.engine) as conn:
        return reviewing.audits_of_cases(conn, case_ids)


def agree(office: Office, report_id: str, actor: Actor) -> None:
    """A person has read the report and the model was right; kept as that person's word too."""
    now = office.clock()
    with writing(office.engine) as conn:
        if not reviewing.looked(conn, report_id, at=now, by=actor.name):
            raise Conflict("This report waits for no audit; somebody else was faster.")
        row = reports.find(conn, report_id)
        assert row is not None, "a drawn report exists: foreign key"
        said = {"report_id": report_id, "at": now, "by": actor.name, "label": row.label}
        said |= {"category": row.category, "why": None, "label_before": row.label}
        learning.add_opinion(conn, said, screen="console", saw_model=True, purpose="correct")
        body = {"label": row.label}
        told = NewEvent("audit_agreed", now, actor.name, row.case_id, report_id, body=body)
        events.tell(conn, [told])


def figures(office: Office) -> AuditFigures:
    """Of what was drawn in the last 30 days."""
    with reading(office.engine) as conn:
        return AuditFigures(*reviewing.audit_counts(conn, office.clock() - WAITS))
