"""Alarms that stand, from state and not from the last events; and a person who ends one."""

from __future__ import annotations

from server.domain.errors import Missing
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.domain.views import TimelineEvent
from server.office import Office
from server.store import edge_state, events, units
from server.store.engine import reading, writing


def standing(office: Office, alarm: str = "sos") -> list[TimelineEvent]:
    """The events that raised the alarms nobody has ended, newest first."""
    with reading(office.engine) as conn:
        return edge_state.standing(conn, alarm)


def end(office: Office, device_id: str, alarm: str, actor: Actor) -> None:
    """A person has looked into it. Raises Missing when no such alarm stands."""
    now = office.clock()
    with writing(office.engine) as conn:
        if not edge_state.end_alarm(conn, device_id, alarm, at=now):
            raise Missing("standing alarm", f"{device_id} {alarm}")
        row = units.find_device(conn, device_id)
        body = {"device": device_id, "alarm": alarm, "by_person": True}
        unit_id = row.unit_id if row is not None else None
        events.tell(conn, [NewEvent("alarm_ended", now, actor.name, unit_id=unit_id, body=body)])
