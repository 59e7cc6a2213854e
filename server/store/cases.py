"""Cases with their assignments, steps and deadlines."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Row, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from server.domain.assignment import Candidate
from server.domain.case import MEDIATED_ROUTES, Case, Disposition, Status, Step
from server.domain.geo import Place
from server.domain.sla import OPEN_STATES, DeadlineState, PlannedDeadline
from server.store.tables import assignments, cases, deadlines, steps
from triage.taxonomy import Label, Route

CaseRow = Row[*tuple[Any, ...]]
Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class CaseFilter:
    status: str | None = None
    route: str | None = None
    unit: str | None = None
    before: tuple[datetime, str] | None = None
    open_only: bool = False


def add(conn: Connection, values: Values) -> None:
    conn.execute(insert(cases).values(**values))


def find(conn: Connection, case_id: str, *, lock: bool = False) -> CaseRow | None:
    """A case; ``lock`` it first of all rows of a change, so that two changes never cross."""
    query = select(cases).where(cases.c.id == case_id)
    return conn.execute(query.with_for_update() if lock else query).one_or_none()


def to_case(row: CaseRow) -> Case:
    return Case(
        id=row.id,
        opened_at=row.opened_at,
        status=Status(row.status),
        route=Route(row.route),
        label=Label(row.label) if row.label else None,
        category=row.category,
        confidential=row.confidential,
        address=row.address,
        place=place_of(row) if row.lat is not None else None,
        version=row.version,
        danger=row.danger,
        closed_at=row.closed_at,
        disposition=Disposition(row.disposition) if row.disposition else None,
    )


def place_of(row: CaseRow) -> Place:
    """The place of a row whose ``lat`` and ``lon`` are set."""
    return Place(row.lat, row.lon)


def change(conn: Connection, case: Case, **values: object) -> bool:
    """Compare and swap on the version that was read; False when somebody else was faster."""
    result = conn.execute(
        update(cases)
        .where(cases.c.id == case.id, cases.c.version == case.version)
        .values(version=case.version + 1, **values)
    )
    return result.rowcount == 1


def page(conn: Connection, wanted: CaseFilter, *, limit: int) -> list[CaseRow]:
    """Newest first."""
    query = select(cases).order_by(cases.c.opened_at.desc(), cases.c.id.desc())
    if wanted.status:
        query = query.where(cases.c.status == wanted.status)
    if wanted.open_only:
        query = query.where(cases.c.status != Status.CLOSED)
    if wanted.route:
        query = query.where(cases.c.route == wanted.route)
    if wanted.unit:
        theirs = select(assignments.c.case_id).where(assignments.c.unit_id == wanted.unit)
        query = query.where(cases.c.id.in_(theirs))
    if wanted.before:
        at, case_id = wanted.before
        older = and_(cases.c.opened_at == at, cases.c.id < case_id)
        query = query.where(or_(cases.c.opened_at < at, older))
    return list(conn.execute(query.limit(limit)))


def waiting(conn: Connection, *, limit: int) -> list[Case]:
    """Open cases that a unit should have, most dangerous and oldest first."""
    query = (
        select(cases)
        .where(
            cases.c.status == Status.OPEN,
            cases.c.route.in_(MEDIATED_ROUTES),
            cases.c.confidential.is_(False),
        )
        .order_by(cases.c.danger.desc(), cases.c.opened_at)
        .limit(limit)
    )
    return [to_case(row) for row in conn.execute(query)]


def count_open(conn: Connection) -> int:
    query = select(func.count()).select_from(cases).where(cases.c.status != Status.CLOSED)
    return conn.execute(query).scalar_one()


def _new_key(result: CursorResult[Any]) -> int:
    key = result.inserted_primary_key
    assert key is not None, "both databases answer the key of a single insert"
    return int(key[0])


# -- assignments ---------------------------------------------------------------------------


def assign(
    conn: Connection, case_id: str, candidate: Candidate, *, at: datetime, by: str
) -> int | None:
    """Give the case to the unit; None when another assignment runs already."""
    try:
        with conn.begin_nested():
            result = conn.execute(
                insert(assignments).values(
                    case_id=case_id,
                    unit_id=candidate.unit_id,
                    at=at,
                    by=by,
                    reasons=[{"text": r.text, "seconds": r.seconds} for r in candidate.reasons],
                    eta_s=candidate.eta_s,
                    distance_m=candidate.distance_m,
                )
            )
    except IntegrityError:
        return None
    return _new_key(result)


def running_assignment(conn: Connection, case_id: str) -> CaseRow | None:
    query = select(assignments).where(
        assignments.c.case_id == case_id, assignments.c.ended_at.is_(None)
    )
    return conn.execute(query).one_or_none()


def latest_assignments(conn: Connection, case_ids: Collection[str]) -> dict[str, CaseRow]:
    """The running or, for a closed case, the last assignment of each case."""
    newest = (
        select(func.max(assignments.c.id))
        .where(assignments.c.case_id.in_(case_ids))
        .group_by(assignments.c.case_id)
    )
    query = select(assignments).where(assignments.c.id.in_(newest))
    return {row.case_id: row for row in conn.execute(query)}


def end_assignment(conn: Connection, assignment_id: int, *, at: datetime, why: str) -> bool:
    """False when it had ended before."""
    result = conn.execute(
        update(assignments)
        .where(assignments.c.id == assignment_id, assignments.c.ended_at.is_(None))
        .values(ended_at=at, ended_why=why)
    )
    return result.rowcount == 1


def units_that_had(conn: Connection, case_id: str) -> set[str]:
    query = select(assignments.c.unit_id).where(assignments.c.case_id == case_id)
    return set(conn.execute(query).scalars())


# -- steps ---------------------------------------------------------------------------------


def steps_of(conn: Connection, assignment_ids: Collection[int]) -> list[CaseRow]:
    query = select(steps).where(steps.c.assignment_id.in_(assignment_ids))
    return list(conn.execute(query.order_by(steps.c.at, steps.c.id)))


def step_by_key(conn: Connection, case_id: str, key: str) -> CaseRow | None:
    query = select(steps).where(steps.c.case_id == case_id, steps.c.key == key)
    return conn.execute(query).one_or_none()


def step_of(conn: Connection, assignment_id: int, step: Step) -> CaseRow | None:
    query = select(steps).where(steps.c.assignment_id == assignment_id, steps.c.step == step)
    return conn.execute(query).one_or_none()


def add_step(conn: Connection, values: Values) -> int:
    return _new_key(conn.execute(insert(steps).values(**values)))


def done_steps(conn: Connection, assignment_id: int) -> set[Step]:
    query = select(steps.c.step).where(steps.c.assignment_id == assignment_id)
    return {Step(name) for name in conn.execute(query).scalars()}


def change_verdict(
    conn: Connection,
    step_id: int,
    *,
    before: str,
    verdict: str,
    why: str,
    since: datetime | None = None,
) -> bool:
    """Compare and swap; False when another sweep was faster."""
    result = conn.execute(
        update(steps)
        .where(steps.c.id == step_id, steps.c.verdict == before)
        .values(verdict=verdict, why=why, since=since)
    )
    return result.rowcount == 1


# -- deadlines -----------------------------------------------------------------------------


def add_deadlines(
    conn: Connection, case_id: str, assignment_id: int | None, planned: Iterable[PlannedDeadline]
) -> None:
    rows = [
        {
            "case_id": case_id,
            "assignment_id": assignment_id,
            "step": plan.step,
            "due_at": plan.due_at,
            "warn_at": plan.warn_at,
            "state": DeadlineState.RUNNING,
        }
        for plan in planned
    ]
    conn.execute(insert(deadlines), rows)


def deadlines_of(conn: Connection, case_ids: Collection[str]) -> list[CaseRow]:
    query = select(deadlines).where(deadlines.c.case_id.in_(case_ids))
    return list(conn.execute(query.order_by(deadlines.c.due_at, deadlines.c.id)))


def due(conn: Connection, now: datetime, *, limit: int) -> list[CaseRow]:
    """Deadlines that ask for a warning or have passed, earliest first."""
    query = (
        select(deadlines)
        .where(
            or_(
                and_(deadlines.c.state == DeadlineState.RUNNING, deadlines.c.warn_at <= now),
                and_(deadlines.c.state == DeadlineState.WARNED, deadlines.c.due_at < now),
            )
        )
        .order_by(deadlines.c.due_at, deadlines.c.id)
        .limit(limit)
    )
    return list(conn.execute(query))


def swap_deadline(
    conn: Connection, deadline_id: int, *, before: DeadlineState, after: DeadlineState
) -> bool:
    """Compare and swap; False when another sweep was faster."""
    result = conn.execute(
        update(deadlines)
        .where(deadlines.c.id == deadline_id, deadlines.c.state == before)
        .values(state=after)
    )
    return result.rowcount == 1


def running_deadlines(
    conn: Connection, case_id: str, *, step: str | None = None, assignment_id: int | None = None
) -> list[CaseRow]:
    query = select(deadlines).where(
        deadlines.c.case_id == case_id, deadlines.c.state.in_(OPEN_STATES)
    )
    if step is not None:
        query = query.where(deadlines.c.step == step)
    if assignment_id is not None:
        query = query.where(deadlines.c.assignment_id == assignment_id)
    return list(conn.execute(query))
