"""Agreements: recorded with their instalments, followed until the last one is performed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from server.domain.aftercare import (
    AgreementForm,
    AgreementState,
    Instalment,
    InstalmentState,
    Party,
    PlannedTask,
    TaskKind,
    TaskState,
    check_instalments,
)
from server.domain.aftercare_views import AgreementView, InstalmentView
from server.domain.errors import Conflict, Missing
from server.domain.events import NewEvent
from server.domain.roles import SYSTEM, Actor, Role
from server.domain.views import Page
from server.office import Office
from server.services import paging
from server.services.aftercare import BATCH, check_reach, raise_task
from server.services.ids import new_id
from server.store import aftercare, cases, events
from server.store.aftercare import TaskRow
from server.store.engine import reading, writing

URGE_WITHIN = timedelta(days=2)
"""An instalment that is late is to be urged within this time."""


def record(
    office: Office,
    case_id: str,
    *,
    form: AgreementForm,
    terms: str,
    instalments: Sequence[Instalment],
    key: str,
    actor: Actor,
) -> AgreementView:
    """A new agreement of a case that has or had a unit; the same key again answers the first."""
    now = office.clock()
    with writing(office.engine) as conn:
        row = cases.find(conn, case_id, lock=True)
        if row is None:
            raise Missing("case", case_id)
        check_reach(conn, case_id, actor)
        known = aftercare.agreement_by_key(conn, case_id, key)
        if known is not None:
            return _views(office, conn, [known], actor)[0]
        if not cases.units_that_had(conn, case_id):
            raise Conflict(f"Case {case_id} never had a unit; nobody can have mediated it.")
        check_instalments(instalments, now)
        agreement_id = new_id(now)
        values: dict[str, object] = {
            "id": agreement_id,
            "case_id": case_id,
            "made_at": now,
            "by": actor.name,
            "form": form,
            "state": AgreementState.RUNNING,
            "terms_sealed": office.vault.seal_json({"terms": terms}),
            "key": key,
        }
        aftercare.add_agreement(conn, values, _parts(agreement_id, instalments))
        body = {"agreement": agreement_id, "instalments": len(instalments), "form": form.value}
        events.tell(conn, [NewEvent("agreement_made", now, actor.name, case_id, body=body)])
        made = aftercare.find_agreement(conn, agreement_id)
        assert made is not None, "it was added in this transaction"
        return _views(office, conn, [made], actor)[0]


def perform(
    office: Office, agreement_id: str, number: int, *, remote: bool, actor: Actor
) -> AgreementView:
    """One instalment was performed (``remote``: in a meeting held online); the last one fulfils."""
    now = office.clock()
    with writing(office.engine) as conn:
        row = _agreement(conn, agreement_id)
        check_reach(conn, row.case_id, actor)
        numbers = {part.number for part in aftercare.instalments_of(conn, [agreement_id])}
        if number not in numbers:
            raise Missing("instalment", str(number))
        by = actor.name
        if aftercare.perform(conn, agreement_id, number, at=now, by=by, remote=remote):
            events.tell(conn, _performed(conn, row, number, remote, by, now))
        return _views(office, conn, [_agreement(conn, agreement_id)], actor)[0]


def page(
    office: Office,
    actor: Actor,
    *,
    case_id: str | None = None,
    state: AgreementState | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[AgreementView]:
    """Newest first; a mediator sees those of cases that are or were the unit's."""
    limit = paging.bounded(limit)
    unit = (actor.unit_id or "") if actor.role is Role.MEDIATOR else None
    with reading(office.engine) as conn:
        rows = aftercare.agreement_page(
            conn,
            case_id=case_id,
            state=state,
            unit=unit,
            before=paging.parse(after),
            limit=limit + 1,
        )
        views = _views(office, conn, rows[:limit], actor)
    more = len(rows) > limit
    return Page(views, paging.cursor(views[-1].made_at, views[-1].id) if more else None)


def raise_overdue(office: Office) -> int:
    """Each instalment that is late becomes a task to urge it, once; how many did."""
    now = office.clock()
    with reading(office.engine) as conn:
        late = aftercare.late_instalments(conn, now, limit=BATCH)
    if not late:
        return 0
    with writing(office.engine) as conn:
        told: list[NewEvent] = []
        for row in late:
            if aftercare.mark_late(conn, row.id):
                told += _late(conn, row, now)
        events.tell(conn, told)
    return len(late)


def _late(conn: Connection, row: TaskRow, now: datetime) -> list[NewEvent]:
    body = {"agreement": row.agreement_id, "number": row.number}
    told = NewEvent("instalment_overdue", now, SYSTEM, row.case_id, body=body)
    task = PlannedTask(TaskKind.PERFORMANCE, Party.TEAM, now + URGE_WITHIN, _urging(row))
    return [told, *raise_task(conn, row.case_id, task, now)]


def _urging(row: TaskRow) -> str:
    return f"{row.agreement_id}-{row.number}"


def _performed(
    conn: Connection, row: TaskRow, number: int, remote: bool, by: str, now: datetime
) -> list[NewEvent]:
    body = {"agreement": row.id, "number": number, "remote": remote}
    told = [NewEvent("instalment_performed", now, by, row.case_id, body=body)]
    urging = aftercare.task_by_key(conn, row.case_id, f"{row.id}-{number}")
    if urging is not None:
        done = {"state": TaskState.DONE, "done_at": now, "done_by": by}
        aftercare.end_task(conn, urging.id, done)
    if aftercare.fulfil(conn, row.id):
        body = {"agreement": row.id}
        told.append(NewEvent("agreement_fulfilled", now, by, row.case_id, body=body))
    return told


def _agreement(conn: Connection, agreement_id: str) -> TaskRow:
    row = aftercare.find_agreement(conn, agreement_id)
    if row is None:
        raise Missing("agreement", agreement_id)
    return row


def _parts(agreement_id: str, instalments: Sequence[Instalment]) -> list[dict[str, object]]:
    return [
        {
            "agreement_id": agreement_id,
            "number": number,
            "due_at": part.due_at,
            "amount_yuan": part.amount_yuan,
            "state": InstalmentState.OPEN,
            "remote": False,
        }
        for number, part in enumerate(instalments, 1)
    ]


def _views(
    office: Office, conn: Connection, rows: Sequence[TaskRow], actor: Actor
) -> tuple[AgreementView, ...]:
    """Terms in clear for dispatchers and mediators; they name people."""
    parts = aftercare.instalments_of(conn, [row.id for row in rows])
    clear = actor.role in {Role.DISPATCHER, Role.MEDIATOR}
    return tuple(
        AgreementView(
            id=row.id,
            case_id=row.case_id,
            made_at=row.made_at,
            by=row.by,
            form=row.form,
            state=row.state,
            terms=office.vault.open_json(row.terms_sealed)["terms"] if clear else "",
            instalments=tuple(_part(part) for part in parts if part.agreement_id == row.id),
        )
        for row in rows
    )


def _part(row: TaskRow) -> InstalmentView:
    return InstalmentView(
        number=row.number,
        due_at=row.due_at,
        amount_yuan=row.amount_yuan,
        state=row.state,
        done_at=row.done_at,
        done_by=row.done_by,
        remote=row.remote,
    )
