"""A case calls the devices of its unit: made by the sweep, handed to an agent, answered, logged.

Devices get the case's number and how grave it is, nothing of a person and no address.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from server.domain.events import NewEvent
from server.domain.roles import SYSTEM
from server.office import Office
from server.services.ids import new_id
from server.store import down_calls, events
from server.store.down_calls import CallRow
from server.store.engine import reading, writing

FRESH = timedelta(minutes=10)
"""An assignment older than this (a server that was away) calls nobody any more."""


def call_assigned(office: Office) -> int:
    """Calls the devices of units that were just given a case; ends calls nobody answered."""
    if not office.settings.down.calls:
        return 0
    now = office.clock()
    with reading(office.engine) as conn:
        found = down_calls.uncalled(conn, since=now - FRESH)
        late = down_calls.any_expired(conn, now)
    made = 0
    for row in found:
        with writing(office.engine) as conn:
            made += _call(office, conn, row, now)
    if late:
        with writing(office.engine) as conn:
            _expire(conn, now)
    return made


def _call(office: Office, conn: Connection, row: CallRow, now: datetime) -> int:
    if down_calls.is_called(conn, row.assignment_id):
        return 0  # another sweep was faster
    expires = now + timedelta(seconds=office.settings.down.expires_s)
    rows = [
        {
            "id": new_id(now),
            "assignment_id": row.assignment_id,
            "case_id": row.case_id,
            "unit_id": row.unit_id,
            "device_id": device_id,
            "made_at": now,
            "expires_at": expires,
            "state": "waiting",
            "body": {
                "case_id": row.case_id,
                "route": row.route,
                "category": row.category,
                "danger": row.danger,
                "eta_s": row.eta_s,
            },
        }
        for device_id in down_calls.devices_of(conn, row.unit_id)
    ]
    if not rows:
        return 0
    down_calls.add(conn, rows)
    body = {"devices": [item["device_id"] for item in rows]}
    told = NewEvent("devices_called", now, SYSTEM, row.case_id, unit_id=row.unit_id, body=body)
    events.tell(conn, [told])
    return len(rows)


def _expire(conn: Connection, now: datetime) -> None:
    """One event a case, only where no device of the unit answered."""
    gone = down_calls.expire(conn, now)
    unanswered = {
        row.assignment_id: row
        for row in gone
        if not down_calls.is_answered(conn, row.assignment_id)
    }
    told = [
        NewEvent(
            "call_unanswered",
            now,
            SYSTEM,
            row.case_id,
            unit_id=row.unit_id,
            body={"sent": row.sent_at is not None},
        )
        for row in unanswered.values()
    ]
    events.tell(conn, told)
