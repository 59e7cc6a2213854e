"""Tasks, agreements with their instalments, and calls back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from server.domain.aftercare import (
    AgreementState,
    InstalmentState,
    Party,
    PlannedTask,
    TaskKind,
    TaskState,
)
from server.store.aftercare_tables import agreements, callbacks, instalments, tasks
from server.store.tables import assignments

TaskRow = Row[*tuple[Any, ...]]
Values = dict[str, object]
OPEN = (TaskState.OPEN, TaskState.OVERDUE)


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """``unit`` keeps to cases that are or were the unit's; ``after`` is (due_at, id)."""

    state: TaskState | None = None
    party: Party | None = None
    kind: TaskKind | None = None
    case_id: str | None = None
    unit: str | None = None
    after: tuple[datetime, str] | None = None


def add_task(
    conn: Connection, task_id: str, case_id: str, task: PlannedTask, *, now: datetime
) -> bool:
    """False when the same was raised before."""
    if task_by_key(conn, case_id, task.key) is not None:
        return False
    conn.execute(
        insert(tasks).values(
            id=task_id,
            case_id=case_id,
            kind=task.kind,
            party=task.party,
            due_at=task.due_at,
            state=TaskState.OPEN,
            created_at=now,
            key=task.key,
        )
    )
    return True


def find_task(conn: Connection, task_id: str) -> TaskRow | None:
    return conn.execute(select(tasks).where(tasks.c.id == task_id)).one_or_none()


def task_by_key(conn: Connection, case_id: str, key: str) -> TaskRow | None:
    query = select(tasks).where(tasks.c.case_id == case_id, tasks.c.key == key)
    return conn.execute(query).one_or_none()


def task_page(conn: Connection, wanted: TaskFilter, *, limit: int) -> list[TaskRow]:
    """What is due first comes first."""
    query = select(tasks).order_by(tasks.c.due_at, tasks.c.id).limit(limit)
    for column, value in (
        (tasks.c.state, wanted.state),
        (tasks.c.party, wanted.party),
        (tasks.c.kind, wanted.kind),
        (tasks.c.case_id, wanted.case_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.unit is not None:
        theirs = select(assignments.c.case_id).where(assignments.c.unit_id == wanted.unit)
        query = query.where(tasks.c.case_id.in_(theirs))
    if wanted.after is not None:
        at, task_id = wanted.after
        later = and_(tasks.c.due_at == at, tasks.c.id > task_id)
        query = query.where(or_(tasks.c.due_at > at, later))
    return list(conn.execute(query))


def count_tasks(conn: Connection) -> dict[str, int]:
    query = select(tasks.c.state, func.count().label("n")).group_by(tasks.c.state)
    return {row.state: row.n for row in conn.execute(query)}


def end_task(conn: Connection, task_id: str, values: Values) -> bool:
    """Compare and swap: False when it was not open any more."""
    result = conn.execute(
        update(tasks).where(tasks.c.id == task_id, tasks.c.state.in_(OPEN)).values(**values)
    )
    return result.rowcount == 1


def end_tasks_of(
    conn: Connection, case_id: str, kinds: Collection[TaskKind], values: Values
) -> None:
    conn.execute(
        update(tasks)
        .where(tasks.c.case_id == case_id, tasks.c.kind.in_(kinds), tasks.c.state.in_(OPEN))
        .values(**values)
    )


def late_tasks(conn: Connection, now: datetime, *, limit: int) -> list[TaskRow]:
    query = select(tasks).where(tasks.c.state == TaskState.OPEN, tasks.c.due_at < now)
    return list(conn.execute(query.order_by(tasks.c.due_at).limit(limit)))


def swap_task(conn: Connection, task_id: str, *, before: TaskState, after: TaskState) -> bool:
    result = conn.execute(
        update(tasks).where(tasks.c.id == task_id, tasks.c.state == before).values(state=after)
    )
    return result.rowcount == 1


# -- agreements ----------------------------------------------------------------------------


def add_agreement(conn: Connection, values: Values, parts: list[Values]) -> None:
    conn.execute(insert(agreements).values(**values))
    conn.execute(insert(instalments), parts)


def find_agreement(conn: Connection, agreement_id: str) -> TaskRow | None:
    query = select(agreements).where(agreements.c.id == agreement_id)
    return conn.execute(query).one_or_none()


def agreement_by_key(conn: Connection, case_id: str, key: str) -> TaskRow | None:
    query = select(agreements).where(agreements.c.case_id == case_id, agreements.c.key == key)
    return conn.execute(query).one_or_none()


def agreement_page(
    conn: Connection,
    *,
    case_id: str | None,
    state: str | None,
    unit: str | None,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[TaskRow]:
    """Newest first."""
    query = select(agreements).order_by(agreements.c.made_at.desc(), agreements.c.id.desc())
    if case_id is not None:
        query = query.where(agreements.c.case_id == case_id)
    if state is not None:
        query = query.where(agreements.c.state == state)
    if unit is not None:
        theirs = select(assignments.c.case_id).where(assignments.c.unit_id == unit)
        query = query.where(agreements.c.case_id.in_(theirs))
    if before is not None:
        at, key = before
        older = and_(agreements.c.made_at == at, agreements.c.id < key)
        query = query.where(or_(agreements.c.made_at < at, older))
    return list(conn.execute(query.limit(limit)))


def instalments_of(conn: Connection, agreement_ids: Collection[str]) -> list[TaskRow]:
    query = select(instalments).where(instalments.c.agreement_id.in_(agreement_ids))
    return list(conn.execute(query.order_by(instalments.c.agreement_id, instalments.c.number)))


def perform(
    conn: Connection, agreement_id: str, number: int, *, at: datetime, by: str, remote: bool
) -> bool:
    """False when that instalment was performed before."""
    result = conn.execute(
        update(instalments)
        .where(
            instalments.c.agreement_id == agreement_id,
            instalments.c.number == number,
            instalments.c.state != InstalmentState.DONE,
        )
        .values(state=InstalmentState.DONE, done_at=at, done_by=by, remote=remote)
    )
    return result.rowcount == 1


def fulfil(conn: Connection, agreement_id: str) -> bool:
    """True when this was the last open instalment."""
    still = select(instalments.c.id).where(
        instalments.c.agreement_id == agreement_id, instalments.c.state != InstalmentState.DONE
    )
    result = conn.execute(
        update(agreements)
        .where(
            agreements.c.id == agreement_id,
            agreements.c.state == AgreementState.RUNNING,
            ~still.exists(),
        )
        .values(state=AgreementState.FULFILLED)
    )
    return result.rowcount == 1


def late_instalments(conn: Connection, now: datetime, *, limit: int) -> list[TaskRow]:
    query = (
        select(instalments, agreements.c.case_id)
        .join(agreements, agreements.c.id == instalments.c.agreement_id)
        .where(instalments.c.state == InstalmentState.OPEN, instalments.c.due_at < now)
        .order_by(instalments.c.due_at)
        .limit(limit)
    )
    return list(conn.execute(query))


def mark_late(conn: Connection, instalment_id: int) -> bool:
    result = conn.execute(
        update(instalments)
        .where(instalments.c.id == instalment_id, instalments.c.state == InstalmentState.OPEN)
        .values(state=InstalmentState.OVERDUE)
    )
    return result.rowcount == 1


# -- calls back ----------------------------------------------------------------------------


def add_callback(conn: Connection, values: Values) -> None:
    conn.execute(insert(callbacks).values(**values))


def callback_by_key(conn: Connection, case_id: str, key: str) -> TaskRow | None:
    query = select(callbacks).where(callbacks.c.case_id == case_id, callbacks.c.key == key)
    return conn.execute(query).one_or_none()


def satisfaction(conn: Connection, since: datetime, until: datetime) -> dict[str, int]:
    query = (
        select(callbacks.c.satisfaction, func.count().label("n"))
        .where(callbacks.c.at >= since, callbacks.c.at < until)
        .group_by(callbacks.c.satisfaction)
    )
    return {row.satisfaction: row.n for row in conn.execute(query)}
