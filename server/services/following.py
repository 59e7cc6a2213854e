"""Following the event log: what is new, and who may hear of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from server.domain.roles import Actor, Role
from server.domain.views import TimelineEvent
from server.office import Office
from server.store import cases, events, health
from server.store.engine import reading
from server.store.waking import Waker, open_waker

ACCOUNT_KINDS = frozenset(
    {"user_added", "user_changed", "token_created", "sign_in", "sign_in_failed"}
)
"""Who signs in is the business of those who answer for the accounts."""
_SEE_ACCOUNTS = frozenset({Role.SUPERVISOR, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Told:
    """An event and the units that may know of it: the case is or was theirs."""

    event: TimelineEvent
    unit_ids: frozenset[str]


def told_after(office: Office, number: int, *, limit: int) -> list[Told]:
    """Events behind ``number``, oldest first."""
    with reading(office.engine) as conn:
        found = events.after(conn, number, limit=limit)
        had = {event.case_id: _units_of(conn, event.case_id) for event in found}
    return [
        Told(event, had[event.case_id] | ({event.unit_id} if event.unit_id else frozenset()))
        for event in found
    ]


def may_hear(actor: Actor, told: Told) -> bool:
    if told.event.kind in ACCOUNT_KINDS:
        return actor.role in _SEE_ACCOUNTS
    return actor.role is not Role.MEDIATOR or actor.unit_id in told.unit_ids


def waker(office: Office) -> Waker:
    """Wakes whoever follows; for one thread."""
    return open_waker(office.engine)


def database_answers(office: Office) -> bool:
    """Raises the driver's error when it does not."""
    with reading(office.engine) as conn:
        return health.answers(conn)


def last_telemetry_at(office: Office) -> datetime | None:
    with reading(office.engine) as conn:
        return health.last_telemetry_at(conn)


def _units_of(conn: Connection, case_id: str | None) -> frozenset[str]:
    return frozenset(cases.units_that_had(conn, case_id)) if case_id else frozenset()
