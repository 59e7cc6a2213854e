"""The caller's number in the clear: once for each asking, and each asking is on record."""

from __future__ import annotations

from server.domain.errors import Conflict, Missing
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.office import Office
from server.services.ownership import check_owner
from server.store import cases, events, reports, view_traces
from server.store.engine import writing


def show(office: Office, case_id: str, report_id: str, actor: Actor) -> str:
    """The number behind a report of a case that the actor's unit is working on.

    Screens have it masked; a phone that dials by itself never needs to show it. Raises ``Missing``
    without such a report or number, ``AlreadyAssigned`` for another unit's case,
    ``Conflict`` once it is with nobody.
    """
    now = office.clock()
    with writing(office.engine) as conn:
        row = reports.find(conn, report_id)
        if row is None or row.case_id != case_id:
            raise Missing("report", report_id)
        running = cases.running_assignment(conn, case_id)
        check_owner(conn, case_id, running, actor)
        if running is None:
            raise Conflict(f"Case {case_id} is with no unit now; assign it first.")
        kept = office.vault.open_json(row.caller_sealed) if row.caller_sealed else {}
        phone = str(kept.get("phone") or "")
        if not phone:
            raise Missing("number", report_id)
        view_traces.add(conn, at=now, who=actor.name, what="caller_number", object_id=report_id)
        told = NewEvent("caller_viewed", now, actor.name, case_id, unit_id=running.unit_id)
        events.tell(conn, [told])
    return phone
