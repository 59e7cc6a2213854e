"""What a new report is besides new: a relapse, a place with many callers, an abuse of the line.

A relapse is told in the timeline of both cases: of the one that was thought settled, and of the
one that it opened. Whether a dispute returned is counted from the reports (``register``), and only
when its window has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from server.domain.events import NewEvent
from server.domain.findings import Call, Finding, findings
from server.office import Office
from server.services.identity import Recognised
from server.store import identity


@dataclass(frozen=True, slots=True)
class Found:
    """``earlier_case``: the newest case of the same person or home that flares up again."""

    findings: tuple[Finding, ...]
    earlier_case: str | None
    days: int | None


def look(
    office: Office,
    conn: Connection,
    who: Recognised,
    at: datetime,
    *,
    dispute: bool,
    duplicate: bool,
) -> Found:
    spot = who.mention.spot
    rows = identity.linked_calls(conn, who.mention, person_id=who.person_id, until=at)
    calls = [
        Call(
            at=row.received_at,
            person_id=row.person_id,
            same_person=row.person_id == who.person_id,
            same_place=bool(spot) and row.place_key == (spot.key if spot else None),
            dispute=row.label == "dispute",
        )
        for row in rows
    ]
    rule = office.settings.recurrence.finding_rule()
    found = findings(at, calls, rule, dispute=dispute, duplicate=duplicate)
    if Finding.RELAPSE not in found:
        return Found(found, None, None)
    last = next(row for row in reversed(rows) if row.label == "dispute")
    return Found(found, last.case_id, (at - last.received_at).days)


def events_of(
    found: Found, *, case_id: str, report_id: str, by: str, now: datetime
) -> list[NewEvent]:
    """What is told of it; a plain new report tells nothing."""
    if not found.findings:
        return []
    words = [finding.value for finding in found.findings]
    body = {"findings": words, "earlier": found.earlier_case, "days": found.days}
    told = [NewEvent("findings", now, by, case_id, report_id, body=body)]
    if found.earlier_case and found.earlier_case != case_id:
        again = {"again": case_id, "days": found.days}
        told.append(NewEvent("case_relapsed", now, by, found.earlier_case, report_id, body=again))
    return told
