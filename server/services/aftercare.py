"""What follows a closed case: dated tasks, calls back, and opening the case again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from server.domain import aftercare as rules
from server.domain import sla
from server.domain.aftercare import PlannedTask, Satisfaction, TaskKind, TaskState
from server.domain.aftercare_views import CallbackView, TaskView
from server.domain.case import Case, Disposition, Status
from server.domain.errors import Conflict, Missing, NotAllowed
from server.domain.events import NewEvent
from server.domain.roles import SYSTEM, Actor, Role
from server.domain.travel import Travel
from server.domain.views import Page
from server.office import Office
from server.services import dispatch, paging, travel_times
from server.services.ids import new_id
from server.store import aftercare, cases, events
from server.store.aftercare import TaskFilter, TaskRow
from server.store.engine import reading, writing

BATCH = 200
"""Late tasks and instalments handled in one round of the sweep; the next takes the rest."""


def raise_tasks(
    office: Office, conn: Connection, case_id: str, disposition: Disposition, now: datetime
) -> list[NewEvent]:
    """The tasks a case leaves behind when it is closed in this way."""
    planned = rules.plan(disposition, now, office.settings.aftercare.rule())
    return [event for task in planned for event in raise_task(conn, case_id, task, now)]


def raise_task(conn: Connection, case_id: str, task: PlannedTask, now: datetime) -> list[NewEvent]:
    """One task; nothing when the same was raised before."""
    task_id = new_id(now)
    if not aftercare.add_task(conn, task_id, case_id, task, now=now):
        return []
    body = {"task": task_id, "kind": task.kind.value, "party": task.party.value}
    return [NewEvent("task_raised", now, SYSTEM, case_id, body=body)]


def task_page(
    office: Office, wanted: TaskFilter, actor: Actor, *, after: str | None = None, limit: int = 50
) -> Page[TaskView]:
    """Earliest due first; a mediator sees tasks of cases that are or were the unit's."""
    limit = paging.bounded(limit)
    narrowed = TaskFilter(
        state=wanted.state,
        party=wanted.party,
        kind=wanted.kind,
        case_id=wanted.case_id,
        unit=(actor.unit_id or "") if actor.role is Role.MEDIATOR else None,
        after=paging.parse(after),
    )
    with reading(office.engine) as conn:
        rows = aftercare.task_page(conn, narrowed, limit=limit + 1)
    views = tuple(_view(office, row, actor) for row in rows[:limit])
    more = len(rows) > limit
    return Page(views, paging.cursor(views[-1].due_at, views[-1].id) if more else None)


def counts(office: Office) -> dict[str, int]:
    """Tasks by state."""
    with reading(office.engine) as conn:
        return aftercare.count_tasks(conn)


def finish_task(office: Office, task_id: str, *, note: str | None, actor: Actor) -> TaskView:
    """Done, once; whoever finishes it again sees it done. Raises Conflict for a dropped one."""
    now = office.clock()
    with writing(office.engine) as conn:
        row = aftercare.find_task(conn, task_id)
        if row is None:
            raise Missing("task", task_id)
        check_reach(conn, row.case_id, actor)
        values: dict[str, object] = {
            "state": TaskState.DONE,
            "done_at": now,
            "done_by": actor.name,
            "note_sealed": office.vault.seal_json({"note": note}) if note else None,
        }
        if aftercare.end_task(conn, task_id, values):
            body = {"task": task_id, "kind": row.kind, "party": row.party}
            told = NewEvent("task_done", now, actor.name, row.case_id, body=body)
            events.tell(conn, [told])
        done = aftercare.find_task(conn, task_id)
        assert done is not None, "tasks are never deleted"
        if done.state == TaskState.DROPPED:
            raise Conflict(f"Task {task_id} is no longer needed; its case was opened again.")
        return _view(office, done, actor)


def call_back(
    office: Office,
    case_id: str,
    *,
    satisfaction: Satisfaction,
    relapse: bool,
    key: str,
    actor: Actor,
    note: str | None = None,
) -> CallbackView:
    """What the parties said when called after the end. Unhappy or a relapse opens the case again.

    A call nobody answered leaves its task open. Raises Conflict for a case still open.
    """
    now = office.clock()
    travel = travel_times.of_case(office, case_id)
    with writing(office.engine) as conn:
        case = _case(conn, case_id)
        known = aftercare.callback_by_key(conn, case_id, key)
        if known is not None:
            return _said(known)
        if case.status is not Status.CLOSED:
            raise Conflict(f"Case {case_id} is not closed yet; call back after its end.")
        values = {
            "case_id": case_id,
            "at": now,
            "by": actor.name,
            "satisfaction": satisfaction,
            "relapse": relapse,
            "note_sealed": office.vault.seal_json({"note": note}) if note else None,
            "key": key,
        }
        aftercare.add_callback(conn, values)
        told = [_called(case_id, satisfaction, relapse, actor, now)]
        if satisfaction is not Satisfaction.UNREACHED:
            done = {"state": TaskState.DONE, "done_at": now, "done_by": actor.name}
            aftercare.end_tasks_of(conn, case_id, [TaskKind.CALLBACK], done)
        if rules.reopens(satisfaction, relapse=relapse):
            why = "relapse" if relapse else "unhappy"
            told += reopen(office, conn, case, travel, why=why, by=actor.name, now=now)
        events.tell(conn, told)
        row = aftercare.callback_by_key(conn, case_id, key)
        assert row is not None, "it was added in this transaction"
        return _said(row)


def reopen(
    office: Office,
    conn: Connection,
    case: Case,
    travel: Travel,
    *,
    why: str,
    by: str,
    now: datetime,
) -> list[NewEvent]:
    """A closed case is open again and waits for a unit; what its end had planned is dropped."""
    ended = {"closed_at": None, "closed_by": None, "close_key": None, "disposition": None}
    if not cases.change(conn, case, status=Status.OPEN, **ended):
        raise Conflict(f"Case {case.id} has just changed; reload it.")
    kinds = (TaskKind.VISIT, TaskKind.ESCALATION, TaskKind.CALLBACK)
    aftercare.end_tasks_of(conn, case.id, kinds, {"state": TaskState.DROPPED})
    clocks = sla.case_deadlines(now, office.settings.deadlines.limits())
    cases.add_deadlines(conn, case.id, None, [c for c in clocks if c.step == sla.CLOSED])
    before = case.disposition.value if case.disposition else None
    told = [NewEvent("case_reopened", now, by, case.id, body={"why": why, "disposition": before})]
    return told + dispatch.hand_over_if_auto(office, conn, case.id, now, travel)


def raise_overdue(office: Office) -> int:
    """Say once of each late task that it is late; how many were."""
    now = office.clock()
    with reading(office.engine) as conn:
        late = aftercare.late_tasks(conn, now, limit=BATCH)
    if not late:
        return 0
    with writing(office.engine) as conn:
        told = [
            NewEvent(
                "task_overdue",
                now,
                SYSTEM,
                row.case_id,
                body={"task": row.id, "kind": row.kind, "party": row.party},
            )
            for row in late
            if aftercare.swap_task(conn, row.id, before=TaskState.OPEN, after=TaskState.OVERDUE)
        ]
        events.tell(conn, told)
    return len(told)


def check_reach(conn: Connection, case_id: str, actor: Actor) -> None:
    """A mediator acts only on what follows cases that are or were the own unit's."""
    if actor.role is Role.MEDIATOR and actor.unit_id not in cases.units_that_had(conn, case_id):
        raise NotAllowed("This case was never with your unit.")


def _case(conn: Connection, case_id: str) -> Case:
    row = cases.find(conn, case_id, lock=True)
    if row is None:
        raise Missing("case", case_id)
    return cases.to_case(row)


def _called(
    case_id: str, satisfaction: Satisfaction, relapse: bool, actor: Actor, now: datetime
) -> NewEvent:
    body = {"satisfaction": satisfaction.value, "relapse": relapse}
    return NewEvent("case_called_back", now, actor.name, case_id, body=body)


def _said(row: TaskRow) -> CallbackView:
    again = rules.reopens(Satisfaction(row.satisfaction), relapse=row.relapse)
    return CallbackView(row.case_id, row.at, row.by, row.satisfaction, row.relapse, again)


def _view(office: Office, row: TaskRow, actor: Actor) -> TaskView:
    clear = actor.role in {Role.DISPATCHER, Role.MEDIATOR} and row.note_sealed is not None
    return TaskView(
        id=row.id,
        case_id=row.case_id,
        kind=row.kind,
        party=row.party,
        due_at=row.due_at,
        state=row.state,
        created_at=row.created_at,
        done_at=row.done_at,
        done_by=row.done_by,
        note=office.vault.open_json(row.note_sealed)["note"] if clear else None,
    )
