"""Alarms that stand, from state and not from the last events; who takes note, who ends one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from server.domain.errors import Missing
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.domain.views import TimelineEvent
from server.office import Office
from server.store import edge_state, events, units
from server.store.engine import reading, writing

NOTES = 500
"""Acknowledgements looked through; more alarms than this never stand at once."""


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An SOS that stands; ``seen_by`` is whoever took note first, or None."""

    event: TimelineEvent
    seen_by: str | None = None
    seen_at: datetime | None = None


def open_alarms(office: Office) -> list[OpenAlarm]:
    """SOS calls that nobody has ended, newest first, with who took note."""
    with reading(office.engine) as conn:
        return _open(conn)


def acknowledge(office: Office, number: int, actor: Actor) -> str:
    """A person has taken note; the first one stays on record. Returns who that was.

    The alarm still stands. Raises Missing when no such SOS does.
    """
    with writing(office.engine) as conn:
        alarm = next((alarm for alarm in _open(conn) if alarm.event.id == number), None)
        if alarm is None:
            raise Missing("alarm", str(number))
        if alarm.seen_by is not None:
            return alarm.seen_by
        body = {"event": number, "device": alarm.event.body.get("device")}
        unit_id, now = alarm.event.unit_id, office.clock()
        told = NewEvent("alarm_acknowledged", now, actor.name, unit_id=unit_id, body=body)
        events.tell(conn, [told])
    return actor.name


def with_notes(
    standing_now: Iterable[TimelineEvent], notes: Iterable[TimelineEvent]
) -> list[OpenAlarm]:
    """Each standing alarm with the first note of it; ``notes`` newest first."""
    first = {note.body.get("event"): note for note in notes}
    return [
        OpenAlarm(event, note.actor, note.at)
        if (note := first.get(event.id)) is not None
        else OpenAlarm(event)
        for event in standing_now
    ]


def _open(conn: Connection) -> list[OpenAlarm]:
    notes = events.of_kinds(conn, ("alarm_acknowledged",), limit=NOTES)
    return with_notes(edge_state.standing(conn, "sos"), notes)


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
