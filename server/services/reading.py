"""What people look at. Nothing here changes anything but the trace of who saw clear data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from server.domain.errors import Invalid, Missing, NotAllowed
from server.domain.roles import Action, Actor, Role
from server.domain.views import CaseView, JudgedBy, Page, ReportView, TimelineEvent
from server.office import Office
from server.services import experiments, paging, scene, viewing
from server.store import cases, events, reports, shadows, view_traces
from server.store.cases import CaseFilter
from server.store.engine import reading, writing
from server.store.reports import ReportFilter, ReportRow


def report(office: Office, report_id: str, actor: Actor) -> ReportView:
    """One report with what the model said; a clear view of the caller leaves a trace."""
    with reading(office.engine) as conn:
        row = reports.find(conn, report_id)
        if row is None:
            raise Missing("report", report_id)
        clear = _may_see_clear(conn, row, actor)
        if not actor.may(Action.READ_REPORTS) and not clear:
            raise NotAllowed("This report does not belong to a case of your unit.")
        silent = experiments.is_silent(conn, row.case_id)
        prediction = reports.last_prediction(conn, report_id)
        judges = _judges(conn, report_id)
    if clear and row.caller_sealed is not None:
        _trace(office, actor, "report", report_id)
    view = viewing.report_view(office.vault, row, clear=clear)
    view = replace(view, judged_by=judges)  # which model it was says nothing of what it said
    if silent:
        return replace(view, label=None, category=None)
    if prediction is None:
        return view
    return replace(view, assessment=prediction.assessment, risk=prediction.risk)


def _judges(conn: Connection, report_id: str) -> tuple[JudgedBy, ...]:
    """The models that judged it and those that read along, in order of time."""
    served = [
        JudgedBy(row.model, "champion", row.at) for row in reports.predictions_of(conn, report_id)
    ]
    along = [JudgedBy(row.model, "shadow", row.at) for row in shadows.readings_of(conn, report_id)]
    return tuple(sorted([*served, *along], key=lambda one: one.at))


def report_page(
    office: Office,
    actor: Actor,
    *,
    route: str | None = None,
    label: str | None = None,
    q: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[ReportView]:
    """Newest first; callers always masked."""
    del actor  # lists look the same to every role that may read them
    limit = paging.bounded(limit)
    wanted = ReportFilter(route=route, label=label, q=q, before=paging.parse(after))
    with reading(office.engine) as conn:
        rows = reports.page(conn, wanted, limit=limit + 1)
    views = tuple(viewing.report_view(office.vault, row, clear=False) for row in rows[:limit])
    more = len(rows) > limit
    return Page(views, paging.cursor(views[-1].received_at, views[-1].id) if more else None)


def case(office: Office, case_id: str, actor: Actor) -> CaseView:
    """One case with its whole timeline; a mediator sees cases that are or were the unit's."""
    with reading(office.engine) as conn:
        row = cases.find(conn, case_id)
        if row is None:
            raise Missing("case", case_id)
        if actor.role is Role.MEDIATOR and actor.unit_id not in cases.units_that_had(conn, case_id):
            raise NotAllowed("This case was never with your unit.")
        told = [r.id for r in reports.of_case(conn, case_id)]
        timelines = {case_id: events.of_case(conn, case_id, told)}
        seen = viewing.case_views(conn, [row], timelines=timelines)[0]
        return replace(seen, recording=scene.recording_of(conn, seen, office.clock()))


def case_reports(office: Office, case_id: str, actor: Actor) -> tuple[ReportView, ...]:
    """The reports of a case, first one first; clear for whoever works on it."""
    case(office, case_id, actor)
    with reading(office.engine) as conn:
        rows = reports.of_case(conn, case_id)
    return tuple(report(office, row.id, actor) for row in rows)


def case_page(
    office: Office,
    actor: Actor,
    *,
    status: str | None = None,
    route: str | None = None,
    unit: str | None = None,
    after: str | None = None,
    limit: int = 50,
    open_only: bool = False,
) -> Page[CaseView]:
    """Newest first, without timelines; a mediator's list holds the own unit's cases only."""
    limit = paging.bounded(limit)
    if actor.role is Role.MEDIATOR:
        if unit not in {None, actor.unit_id}:
            raise NotAllowed("A mediator sees the cases of the own unit only.")
        unit = actor.unit_id or ""
    wanted = CaseFilter(
        status=status, route=route, unit=unit, before=paging.parse(after), open_only=open_only
    )
    if actor.role is Role.MEDIATOR and not unit:
        return Page((), None)
    with reading(office.engine) as conn:
        rows = cases.page(conn, wanted, limit=limit + 1)
        views = viewing.case_views(conn, rows[:limit])
    more = len(rows) > limit
    return Page(views, paging.cursor(views[-1].opened_at, views[-1].id) if more else None)


def events_after(office: Office, number: int, *, limit: int) -> Sequence[TimelineEvent]:
    with reading(office.engine) as conn:
        return events.after(conn, number, limit=limit)


def latest_events(office: Office, *, limit: int) -> Sequence[TimelineEvent]:
    """Newest first: the feed's start."""
    with reading(office.engine) as conn:
        return events.latest(conn, limit=limit)


def last_event(office: Office) -> int:
    with reading(office.engine) as conn:
        return events.last_number(conn)


def doubts(office: Office, case_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Why a person should look at each of these cases: the doubts of its newest assessment."""
    with reading(office.engine) as conn:
        return reports.doubts_of_cases(conn, case_ids)


def note_export(office: Office, actor: Actor, what: str) -> None:
    """A list taken away as a file leaves a trace, though it holds masked texts only."""
    _trace(office, actor, "export", what)


def check_span(since: datetime, until: datetime) -> None:
    """A span of statistics: forward and at most two years."""
    if until <= since:
        raise Invalid("to", "must lie after 'from'")
    if until - since > timedelta(days=731):
        raise Invalid("from", "the span is longer than two years; ask for less")


def _may_see_clear(conn: Connection, row: ReportRow, actor: Actor) -> bool:
    """A dispatcher, and the mediators whose unit has the case now."""
    if actor.role is Role.DISPATCHER:
        return True
    if actor.role is not Role.MEDIATOR or row.case_id is None:
        return False
    running = cases.running_assignment(conn, row.case_id)
    return running is not None and running.unit_id == actor.unit_id


def _trace(office: Office, actor: Actor, what: str, object_id: str) -> None:
    with writing(office.engine) as conn:
        view_traces.add(conn, at=office.clock(), who=actor.name, what=what, object_id=object_id)
