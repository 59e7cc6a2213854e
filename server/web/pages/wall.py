"""The command room's wall: where the disputes are, how far each has got, who is where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template, request
from pydantic import TypeAdapter

from server.domain.roles import Action, Actor, Role
from server.domain.views import CaseView, Stats, TimelineEvent, UnitView
from server.office import Office
from server.services import alarms as standing
from server.services import figures, reading, units
from server.web.access import current_actor, current_office, needs
from server.web.pages import naming, sentences, urgency

blueprint = Blueprint("wall", __name__)

OPEN_CASES = 200
FEED = 14
LATEST = 60
"""Newest cases, closed ones too, that the feed can call by name."""
LOOK_BACK = 600
"""Events looked through for the feed."""

_UNITS = TypeAdapter(list[UnitView])


@blueprint.get("/")
@needs(Action.SEE_WALL)
def wall() -> str:
    """The wall: map, clocks, figures and feed of the street."""
    office, actor = current_office(), current_actor()
    now = office.clock()
    page = reading.case_page(office, actor, open_only=True, limit=OPEN_CASES)
    cases = urgency.by_urgency(page.items, now)
    seen = units.unit_views(office, actor)
    told = _events(office, actor)
    newest = reading.case_page(office, actor, limit=LATEST)
    names = names_of(seen, (*newest.items, *page.items))
    alarms = [(event, names.unit(event)) for event in _standing(office, actor)]
    seen_until = request.args.get("seen", 0, type=int)
    return render_template(
        "wall.html",
        cases=cases,
        more_cases=page.next is not None,
        units=seen,
        stats=_today(office, actor, now),
        limits=office.settings.deadlines,
        feed=feed(told, names),
        alarms=[(event, name) for event, name in alarms if event.id > seen_until],
        open_alarms=alarms,
        map_data=map_data(cases, seen, now),
    )


def names_of(units_seen: Iterable[UnitView], cases: Iterable[CaseView]) -> sentences.Names:
    return sentences.Names(
        units={unit.id: unit.name for unit in units_seen},
        cases=naming.by_case(cases),
    )


def feed(
    events: Sequence[TimelineEvent], names: sentences.Names, *, limit: int = FEED
) -> list[tuple[TimelineEvent, sentences.Sentence]]:
    """The newest events worth telling a room, newest first."""
    told = ((event, sentences.tell(event, names)) for event in events)
    return [(event, said) for event, said in told if said.feed][:limit]


def _standing(office: Office, actor: Actor) -> list[TimelineEvent]:
    """SOS calls that nobody has ended, newest first; mediators see their own unit's."""
    found = standing.standing(office)
    if actor.role is Role.MEDIATOR:
        return [event for event in found if event.unit_id == actor.unit_id]
    return found


def map_data(cases: Iterable[CaseView], seen: list[UnitView], now: datetime) -> dict[str, Any]:
    """What the map draws; clocks travel as instants so that the browser counts by itself."""
    return {
        "now": now.isoformat(),
        "units": _UNITS.dump_python(seen, mode="json"),
        "cases": [_pin(case, now) for case in cases if case.location is not None],
    }


def _pin(case: CaseView, now: datetime) -> dict[str, Any]:
    due = urgency.next_due(case, now)
    assert case.location is not None, "cases without a place are not drawn"
    return {
        "id": case.id,
        "lat": case.location.lat,
        "lon": case.location.lon,
        "status": case.status,
        "route": case.route,
        "name": naming.wall_name(case),
        "grave": case.danger >= urgency.GRAVE,
        "unit_id": case.assignment.unit_id if case.assignment else None,
        "start_at": due.start_at.isoformat() if due else None,
        "due_at": due.due_at.isoformat() if due else None,
    }


def _today(office: Office, actor: Actor, now: datetime) -> Stats | None:
    """Figures since local midnight, for roles that may see them."""
    if not actor.may(Action.READ_STATS):
        return None
    local = now.astimezone(ZoneInfo(office.settings.district.time_zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if midnight >= local:
        return None
    return figures.figures(office, actor, since=midnight, until=now)


def _events(office: Office, actor: Actor) -> list[TimelineEvent]:
    """Newest first; mediators are told of their own unit only."""
    told = reading.latest_events(office, limit=LOOK_BACK)
    if actor.role is Role.MEDIATOR:
        return [event for event in told if event.unit_id == actor.unit_id]
    return list(told)
