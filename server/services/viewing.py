"""From rows to what is shown, masked by role.

Clear caller data goes to a dispatcher, and to the mediators of the unit that has the case; in
lists and to everybody else it is masked.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from server.domain import masking
from server.domain.geo import Place, navigation_links
from server.domain.joint import NoticeState, PoliceAnswer, may_enter
from server.domain.views import (
    AssignmentView,
    CallerView,
    CaseView,
    DeadlineView,
    EvidenceView,
    Location,
    PoliceView,
    ReasonView,
    ReportView,
    StepView,
    TimelineEvent,
)
from server.store import cases, police_notices, reports, units
from server.store.cases import CaseRow
from server.store.police_notices import NoticeRow
from server.store.reports import ReportRow
from server.vault import Vault
from triage.taxonomy import Route


def report_view(vault: Vault, row: ReportRow, *, clear: bool) -> ReportView:
    """One report; ``clear`` opens the sealed text and caller."""
    return ReportView(
        id=row.id,
        source=row.source,
        source_id=row.source_id,
        received_at=row.received_at,
        text=vault.open(row.text_sealed) if clear else row.text,
        address=row.address,
        location=location(row.lat, row.lon),
        label=row.label,
        category=row.category,
        route=row.route,
        case_id=row.case_id,
        linked_to=row.linked_to,
        caller=caller_view(vault, row.caller_sealed, clear=clear),
        confidential=row.confidential,
    )


def caller_view(vault: Vault, sealed: bytes | None, *, clear: bool) -> CallerView | None:
    if sealed is None:
        return None
    kept = vault.open_json(sealed)
    name, phone, id_number = (kept.get(key) for key in ("name", "phone", "id_number"))
    if clear:
        return CallerView(name, phone, id_number)
    return CallerView(
        name=masking.mask_name(name) if name else None,
        phone=masking.mask_phone(phone) if phone else None,
        id_number=masking.mask_id_number(id_number) if id_number else None,
    )


def case_views(
    conn: Connection,
    rows: Sequence[CaseRow],
    *,
    timelines: dict[str, tuple[TimelineEvent, ...]] | None = None,
) -> tuple[CaseView, ...]:
    """Cases with their assignment, clocks and steps, in a fixed number of queries."""
    ids = [row.id for row in rows]
    given = cases.latest_assignments(conn, ids)
    names = {row.id: row.name for row in units.every(conn)}
    steps = cases.steps_of(conn, [row.id for row in given.values()])
    clocks = cases.deadlines_of(conn, ids)
    told = reports.ids_of_cases(conn, ids)
    notices = police_notices.of_cases(conn, [row.id for row in rows if row.route == Route.JOINT])
    sizes = units.member_counts(conn) if notices else {}
    return tuple(
        _case_view(
            row,
            given=given.get(row.id),
            names=names,
            steps=[step for step in steps if step.case_id == row.id],
            clocks=[clock for clock in clocks if clock.case_id == row.id],
            report_ids=tuple(told.get(row.id, ())),
            timeline=(timelines or {}).get(row.id, ()),
            police=_police_view(notices.get(row.id), given.get(row.id), sizes),
        )
        for row in rows
    )


def location(lat: float | None, lon: float | None) -> Location | None:
    return None if lat is None or lon is None else Location(lat, lon)


def step_view(row: CaseRow) -> StepView:
    return StepView(
        step=row.step,
        at=row.at,
        posted_at=row.posted_at,
        by=row.by,
        evidence=EvidenceView(row.verdict, row.why),
    )


def _case_view(
    row: CaseRow,
    *,
    given: CaseRow | None,
    names: dict[str, str],
    steps: Sequence[CaseRow],
    clocks: Sequence[CaseRow],
    report_ids: tuple[str, ...],
    timeline: tuple[TimelineEvent, ...],
    police: PoliceView | None,
) -> CaseView:
    current = given if given is not None and _speaks_for(given, row) else None
    shown_clocks = [
        clock
        for clock in clocks
        if clock.assignment_id is None or (current and clock.assignment_id == current.id)
    ]
    name = row.address or "现场"
    return CaseView(
        id=row.id,
        opened_at=row.opened_at,
        status=row.status,
        route=row.route,
        label=row.label,
        category=row.category,
        confidential=row.confidential,
        danger=row.danger,
        risk_90d=row.risk_90d,
        address=row.address,
        report_ids=report_ids,
        location=location(row.lat, row.lon),
        assignment=_assignment_view(current, names) if current else None,
        deadlines=tuple(DeadlineView(c.step, c.due_at, c.state) for c in shown_clocks),
        steps=tuple(step_view(step) for step in steps) if current else (),
        timeline=timeline,
        navigation=None if row.lat is None else navigation_links(Place(row.lat, row.lon), name),
        closed_at=row.closed_at,
        disposition=row.disposition,
        police=police,
    )


def _police_view(
    row: NoticeRow | None, given: CaseRow | None, sizes: dict[str, int]
) -> PoliceView | None:
    if row is None:
        return None
    running = given is not None and given.ended_at is None
    answer = PoliceAnswer(row.answer) if row.answer else None
    return PoliceView(
        state=row.state,
        asked_at=row.asked_at,
        told_at=row.told_at,
        attempts=row.attempts,
        reminders=row.reminders,
        answer=row.answer,
        answered_at=row.answered_at,
        officer=row.officer,
        due_at=row.due_at,
        may_enter=may_enter(NoticeState(row.state), answer),
        mediators=sizes.get(given.unit_id) if running and given is not None else None,
    )


def _speaks_for(given: CaseRow, case: CaseRow) -> bool:
    """The running assignment, or the one that stood when the case was closed for good."""
    if given.ended_at is None:
        return True
    return bool(given.ended_why == "closed" and case.closed_at is not None)


def _assignment_view(row: CaseRow, names: dict[str, str]) -> AssignmentView:
    return AssignmentView(
        unit_id=row.unit_id,
        unit_name=names.get(row.unit_id, row.unit_id),
        at=row.at,
        by=row.by,
        reasons=tuple(ReasonView(r["text"], round(r["seconds"], 1)) for r in row.reasons),
        eta_s=row.eta_s,
        distance_m=row.distance_m,
    )
