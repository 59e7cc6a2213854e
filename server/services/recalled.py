"""A unit called off a scene: its phone says so until its people say that they have left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.errors import Conflict, Missing
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.office import Office
from server.services.ownership import check_member
from server.store import assignments, cases, events, units
from server.store.engine import reading, writing
from triage.taxonomy import Route

STANDS = timedelta(hours=12)
"""A recall nobody answered is shown this long; then the shift is over."""
WITHDREW = "unit_withdrew"


@dataclass(frozen=True, slots=True)
class RecallView:
    """A recall that stands. ``police``: it went to the police; else to the command room.

    ``wait_at`` is where to wait; ``contact`` and ``phone`` are whom to call beside 110.
    """

    case_id: str
    at: datetime
    address: str | None
    police: bool
    wait_at: str
    contact: str
    phone: str


def standing(office: Office, actor: Actor) -> RecallView | None:
    """The unit's newest recall that nobody of it has answered yet."""
    if actor.unit_id is None:
        return None
    with reading(office.engine) as conn:
        row = assignments.last_recall(conn, actor.unit_id, since=office.clock() - STANDS)
        if row is None or events.has(conn, WITHDREW, row.case_id, actor.unit_id, row.ended_at):
            return None
        case, unit = cases.find(conn, row.case_id), units.find(conn, actor.unit_id)
    assert case is not None, "an assignment names its case"
    assert unit is not None, "an assignment names its unit"
    safety = office.settings.safety
    return RecallView(
        case_id=case.id,
        at=row.ended_at,
        address=case.address,
        police=case.route == Route.POLICE,
        wait_at=safety.wait_at or unit.point,
        contact=safety.contact,
        phone=safety.phone,
    )


def withdrew(office: Office, case_id: str, actor: Actor) -> None:
    """The unit says that it has left the scene; again changes nothing.

    Raises Conflict when the unit was not called off this case.
    """
    unit_id, now = check_member(actor), office.clock()
    with writing(office.engine) as conn:
        if cases.find(conn, case_id, lock=True) is None:
            raise Missing("case", case_id)
        row = assignments.last_recall(conn, unit_id, since=now - STANDS)
        if row is None or row.case_id != case_id:
            raise Conflict(f"Unit {unit_id} was not called off case {case_id}.")
        if not events.has(conn, WITHDREW, case_id, unit_id, row.ended_at):
            events.tell(conn, [NewEvent(WITHDREW, now, actor.name, case_id, unit_id=unit_id)])
