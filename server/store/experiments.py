"""Rows of experiments: what was registered, which case has which arm, what the looks said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from server.store.experiment_tables import experiment_cases, experiment_looks, experiments
from server.store.identity_tables import mentions
from server.store.tables import assignments, cases, reports, steps

AnyRow = Row[*tuple[Any, ...]]
Values = dict[str, object]


def register(conn: Connection, values: Values) -> bool:
    """False when another one runs."""
    try:
        with conn.begin_nested():
            conn.execute(insert(experiments).values(running=True, **values))
    except IntegrityError:
        return False
    return True


def running(conn: Connection) -> AnyRow | None:
    query = select(experiments).where(experiments.c.running.is_(True))
    return conn.execute(query).one_or_none()


def newest(conn: Connection, *, limit: int) -> Sequence[AnyRow]:
    query = select(experiments).order_by(experiments.c.id.desc())
    return conn.execute(query.limit(limit)).all()


def end(conn: Connection, experiment_id: int, *, at: datetime, by: str, why: str) -> bool:
    """False when it had ended before."""
    result = conn.execute(
        update(experiments)
        .where(experiments.c.id == experiment_id, experiments.c.running.is_(True))
        .values(running=None, ended_at=at, ended_by=by, end_why=why)
    )
    return result.rowcount == 1


def enrol(conn: Connection, case_id: str, experiment_id: int, *, arm: str, at: datetime) -> None:
    values = {"case_id": case_id, "experiment_id": experiment_id, "arm": arm, "at": at}
    conn.execute(insert(experiment_cases).values(**values))


def arm_of(conn: Connection, case_id: str) -> str | None:
    """The arm of a case, whether its experiment still runs or not."""
    query = select(experiment_cases.c.arm).where(experiment_cases.c.case_id == case_id)
    return conn.execute(query).scalar_one_or_none()


def counts(conn: Connection, experiment_id: int) -> dict[str, tuple[int, int]]:
    """``{arm: (cases, of them closed)}``."""
    query = (
        select(experiment_cases.c.arm, func.count(), func.count(cases.c.closed_at))
        .join(cases, cases.c.id == experiment_cases.c.case_id)
        .where(experiment_cases.c.experiment_id == experiment_id)
        .group_by(experiment_cases.c.arm)
    )
    return {arm: (n, closed) for arm, n, closed in conn.execute(query)}


def looks(conn: Connection, experiment_id: int) -> Sequence[AnyRow]:
    """In order."""
    query = select(experiment_looks).where(experiment_looks.c.experiment_id == experiment_id)
    return conn.execute(query.order_by(experiment_looks.c.number)).all()


def add_look(conn: Connection, values: Values) -> bool:
    """False when another worker was faster."""
    try:
        with conn.begin_nested():
            conn.execute(insert(experiment_looks).values(**values))
    except IntegrityError:
        return False
    return True


def closed_cases(conn: Connection, experiment_id: int, *, limit: int) -> Sequence[AnyRow]:
    """The first closed cases with what outcomes are made of: when opened, when a unit arrived, how
    it ended, whose it is, whether the same person had another dispute within 90 days."""
    arrived = (
        select(func.min(steps.c.at))
        .join(assignments, assignments.c.id == steps.c.assignment_id)
        .where(assignments.c.case_id == cases.c.id, steps.c.step == "arrived")
        .correlate(cases)
        .scalar_subquery()
    )
    query = (
        select(
            experiment_cases.c.arm,
            cases.c.id.label("case_id"),
            cases.c.opened_at,
            cases.c.route,
            cases.c.disposition,
            cases.c.handed_over_at,
            arrived.label("arrived_at"),
            reports.c.id.label("report_id"),
            mentions.c.person_id,
        )
        .join(cases, cases.c.id == experiment_cases.c.case_id)
        .join(reports, (reports.c.case_id == cases.c.id) & reports.c.linked_to.is_(None))
        .outerjoin(mentions, mentions.c.report_id == reports.c.id)
        .where(experiment_cases.c.experiment_id == experiment_id, cases.c.closed_at.is_not(None))
        .order_by(cases.c.closed_at, cases.c.id)
    )
    return conn.execute(query.limit(limit)).all()


def came_back(
    conn: Connection, person_id: str, case_id: str, since: datetime, until: datetime
) -> bool:
    """Whether the person had a dispute of another case in a span."""
    again = exists().where(
        mentions.c.person_id == person_id,
        reports.c.id == mentions.c.report_id,
        reports.c.label == "dispute",
        reports.c.linked_to.is_(None),
        reports.c.case_id != case_id,
        mentions.c.at > since,
        mentions.c.at <= until,
    )
    return bool(conn.execute(select(again)).scalar_one())
