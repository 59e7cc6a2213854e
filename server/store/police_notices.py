"""What the police were told of joint cases: one row a case, changed by compare-and-swap."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, exists, func, insert, or_, select, update

from server.domain.case import Status
from server.domain.joint import STANDING, WAITING, NoticeState
from server.store.dispatch_tables import police_notices
from server.store.tables import cases
from triage.taxonomy import Route

NoticeRow = Row[*tuple[Any, ...]]
Values = dict[str, object]
BATCH = 200

_OPEN_JOINT = and_(cases.c.route == Route.JOINT, cases.c.status != Status.CLOSED)


def of_cases(conn: Connection, case_ids: Collection[str]) -> dict[str, NoticeRow]:
    if not case_ids:
        return {}
    query = select(police_notices).where(police_notices.c.case_id.in_(list(case_ids)))
    return {row.case_id: row for row in conn.execute(query)}


def find(conn: Connection, case_id: str) -> NoticeRow | None:
    query = select(police_notices).where(police_notices.c.case_id == case_id)
    return conn.execute(query).one_or_none()


def to_ask(conn: Connection) -> list[str]:
    """Open joint cases of which the police know nothing that stands."""
    known = exists().where(
        police_notices.c.case_id == cases.c.id,
        police_notices.c.state != NoticeState.WITHDRAWN,
    )
    query = select(cases.c.id).where(_OPEN_JOINT, ~known).order_by(cases.c.id).limit(BATCH)
    return list(conn.execute(query).scalars())


def to_withdraw(conn: Connection) -> list[str]:
    """Cases that are no longer joint, or over, while somebody still waits for the police."""
    query = (
        select(police_notices.c.case_id)
        .join(cases, cases.c.id == police_notices.c.case_id)
        .where(
            police_notices.c.state.in_(sorted(STANDING)),
            or_(cases.c.route != Route.JOINT, cases.c.status == Status.CLOSED),
        )
        .limit(BATCH)
    )
    return list(conn.execute(query).scalars())


def to_remind(conn: Connection, now: datetime) -> list[NoticeRow]:
    query = select(police_notices).where(
        police_notices.c.state.in_(sorted(WAITING)), police_notices.c.remind_at <= now
    )
    return list(conn.execute(query.limit(BATCH)))


def to_post(conn: Connection, now: datetime) -> list[NoticeRow]:
    """Due to be posted, while somebody may still act on it."""
    query = select(police_notices).where(
        police_notices.c.try_at <= now, police_notices.c.state.in_(sorted(STANDING))
    )
    return list(conn.execute(query.order_by(police_notices.c.try_at).limit(BATCH)))


def put(conn: Connection, case_id: str, values: Values) -> None:
    """Ask, or ask anew: whatever was known before is over."""
    if find(conn, case_id) is None:
        conn.execute(insert(police_notices).values(case_id=case_id, **values))
    else:
        conn.execute(
            update(police_notices).where(police_notices.c.case_id == case_id).values(**values)
        )


def swap(conn: Connection, row: NoticeRow, values: Values) -> bool:
    """Change the row if nobody did meanwhile."""
    result = conn.execute(
        update(police_notices)
        .where(
            police_notices.c.case_id == row.case_id,
            police_notices.c.state == row.state,
            police_notices.c.attempts == row.attempts,
            police_notices.c.reminders == row.reminders,
        )
        .values(**values)
    )
    return result.rowcount == 1


def counts(conn: Connection) -> tuple[int, int]:
    """Notices somebody waits on, and those of which nobody was reached or answered."""
    lost = (NoticeState.UNREACHED, NoticeState.SILENT)
    query = (
        select(
            func.count(),
            func.coalesce(func.sum(case((police_notices.c.state.in_(lost), 1), else_=0)), 0),
        )
        .select_from(police_notices)
        .where(police_notices.c.state.in_(sorted(STANDING)))
    )
    waiting, unheard = conn.execute(query).one()
    return int(waiting), int(unheard)
