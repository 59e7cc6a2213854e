"""Breaks put into a roster that runs already, and taken out again."""

from __future__ import annotations

from datetime import datetime

from server.domain.duty import Span, check_break
from server.domain.errors import Missing
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.office import Office
from server.store import duty, events, units
from server.store.engine import writing


def add(office: Office, unit_id: str, start: datetime, end: datetime, *, actor: Actor) -> None:
    """A break inside a shift of the unit; a case it has stays with it.

    Raises Invalid when no shift holds it or another break is in the way.
    """
    now, pause = office.clock(), Span(unit_id, start, end)
    with writing(office.engine) as conn:
        if units.find(conn, unit_id) is None:
            raise Missing("unit", unit_id)
        check_break(pause, duty.spans(conn, start, end), duty.breaks(conn, start, end))
        duty.add_break(conn, pause)
        events.tell(conn, [NewEvent("unit_changed", now, actor.name, unit_id=unit_id)])


def remove(office: Office, unit_id: str, start: datetime, *, actor: Actor) -> None:
    """Raises Missing when no break of the unit begins then."""
    now = office.clock()
    with writing(office.engine) as conn:
        if not duty.remove_break(conn, unit_id, start):
            raise Missing("break", unit_id)
        events.tell(conn, [NewEvent("unit_changed", now, actor.name, unit_id=unit_id)])
