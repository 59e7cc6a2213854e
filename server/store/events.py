"""Telling events: appended, numbered in the order of commits, chained by hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, text, update

from server.domain.events import GENESIS, Event, NewEvent, broken_at, chain
from server.domain.views import TimelineEvent
from server.store.tables import event_head, events

CHANNEL = "xn_events"
"""PostgreSQL channel that is notified after each commit with events; carries no payload."""
_WALK = 1000


def tell(conn: Connection, told: Sequence[NewEvent]) -> list[int]:
    """Append events in this transaction; their numbers.

    The head row is locked until the commit, so call it last: numbers have no gaps and nobody
    can see event n+1 before event n. That is what lets a stream resume without a gap.
    """
    if not told:
        return []
    head = conn.execute(select(event_head).with_for_update()).one()
    number, prev_hash = head.last_id, head.last_hash
    chained = []
    for new in told:
        number += 1
        event = chain(new, number=number, prev_hash=prev_hash)
        chained.append(event)
        prev_hash = event.hash
    conn.execute(insert(events), [_row(event) for event in chained])
    conn.execute(update(event_head).values(last_id=number, last_hash=prev_hash))
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"NOTIFY {CHANNEL}"))
    return [event.id for event in chained]


def last_number(conn: Connection) -> int:
    return conn.execute(select(event_head.c.last_id)).scalar_one_or_none() or 0


def after(conn: Connection, number: int, *, limit: int) -> list[TimelineEvent]:
    """Events behind ``number``, oldest first."""
    query = select(events).where(events.c.id > number).order_by(events.c.id).limit(limit)
    return [timeline_event(row) for row in conn.execute(query)]


def of_case(
    conn: Connection, case_id: str, report_ids: Sequence[str], *, limit: int = 500
) -> tuple[TimelineEvent, ...]:
    """The whole story of a case and of its reports, oldest first."""
    mine = (events.c.case_id == case_id) | events.c.report_id.in_(report_ids)
    query = select(events).where(mine).order_by(events.c.id).limit(limit)
    return tuple(timeline_event(row) for row in conn.execute(query))


def latest(conn: Connection, *, limit: int) -> list[TimelineEvent]:
    """The newest events, newest first."""
    query = select(events).order_by(events.c.id.desc()).limit(limit)
    return [timeline_event(row) for row in conn.execute(query)]


@dataclass(frozen=True, slots=True)
class EventFilter:
    """``below`` is the cursor: only events with a smaller number."""

    kind: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    below: int | None = None


def page(conn: Connection, wanted: EventFilter, *, limit: int) -> list[TimelineEvent]:
    """Newest first."""
    query = select(events).order_by(events.c.id.desc()).limit(limit)
    if wanted.kind:
        query = query.where(events.c.kind == wanted.kind)
    if wanted.actor:
        query = query.where(events.c.actor == wanted.actor)
    if wanted.since:
        query = query.where(events.c.at >= wanted.since)
    if wanted.until:
        query = query.where(events.c.at < wanted.until)
    if wanted.below is not None:
        query = query.where(events.c.id < wanted.below)
    return [timeline_event(row) for row in conn.execute(query)]


def of_kinds(conn: Connection, kinds: Sequence[str], *, limit: int) -> list[TimelineEvent]:
    """The newest events of some kinds, newest first."""
    query = select(events).where(events.c.kind.in_(kinds)).order_by(events.c.id.desc())
    return [timeline_event(row) for row in conn.execute(query.limit(limit))]


def has(conn: Connection, kind: str, case_id: str, unit_id: str, since: datetime) -> bool:
    """Whether something was told of a unit and its case since then."""
    query = select(events.c.id).where(
        events.c.case_id == case_id,
        events.c.unit_id == unit_id,
        events.c.kind == kind,
        events.c.at >= since,
    )
    return conn.execute(query.limit(1)).one_or_none() is not None


def first_break(conn: Connection) -> int | None:
    """Number of the first event that does not fit the chain, or None. Reads the whole log."""
    found = broken_at(_walk(conn))
    if found is not None:
        return found
    head = conn.execute(select(event_head)).one()
    last = conn.execute(select(events).order_by(events.c.id.desc()).limit(1)).one_or_none()
    number, digest = (last.id, last.hash) if last else (0, GENESIS)
    return None if (head.last_id, head.last_hash) == (number, digest) else number + 1


def _walk(conn: Connection) -> Iterator[Event]:
    number = 0
    while True:
        query = select(events).where(events.c.id > number).order_by(events.c.id).limit(_WALK)
        rows = conn.execute(query).all()
        if not rows:
            return
        if number == 0 and rows[0].id != 1:
            yield Event(rows[0].id, _told(rows[0]), "removed", rows[0].hash)
        for row in rows:
            yield Event(row.id, _told(row), row.prev_hash, row.hash)
        number = rows[-1].id


def _told(row: Row[*tuple[Any, ...]]) -> NewEvent:
    return NewEvent(
        kind=row.kind,
        at=row.at,
        actor=row.actor,
        case_id=row.case_id,
        report_id=row.report_id,
        unit_id=row.unit_id,
        body=row.body,
    )


def _row(event: Event) -> dict[str, object]:
    told = event.told
    return {
        "id": event.id,
        "at": told.at,
        "kind": told.kind,
        "actor": told.actor,
        "case_id": told.case_id,
        "report_id": told.report_id,
        "unit_id": told.unit_id,
        "body": dict(told.body),
        "prev_hash": event.prev_hash,
        "hash": event.hash,
    }


def timeline_event(row: Row[*tuple[Any, ...]]) -> TimelineEvent:
    return TimelineEvent(
        id=row.id,
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        case_id=row.case_id,
        report_id=row.report_id,
        unit_id=row.unit_id,
        body=row.body,
    )
