"""The command room's wall: where the disputes are, how far each has got, who is where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, render_template, request
from pydantic import TypeAdapter
from werkzeug.wrappers import Response

from server.domain.roles import Action, Actor, Role
from server.domain.views import CaseView, Stats, TimelineEvent, UnitView
from server.office import Office
from server.services import alarms, figures, reading, units
from server.services.alarms import OpenAlarm
from server.services.board import Board, KeptBoard
from server.web.access import current_actor, current_office, needs
from server.web.pages import kept, naming, saying, sentences, urgency
from server.web.pages.notices import then_back

blueprint = Blueprint("wall", __name__)

OPEN_CASES = 200
FEED = 14
LATEST = 60
"""Newest cases, closed ones too, that the feed can call by name."""
LOOK_BACK = 600
"""Events looked through for the feed."""
ROTATE_S = range(5, 601)

_UNITS = TypeAdapter(list[UnitView])
_BOARD = "xiaonao_board"


def prepare(extensions: dict[str, object]) -> None:
    """What one process keeps for all its walls."""
    extensions[_BOARD] = KeptBoard()


@blueprint.get("/")
@needs(Action.SEE_WALL)
def wall() -> str:
    """Map, clocks, figures and feed of the street; ``?rotate=20`` turns through three scenes.

    ``?part=stage`` is what screens fetch again when something happened.
    """
    office, actor = current_office(), current_actor()
    if request.args.get("part") == "stage":
        return kept.drawn(
            ("wall", actor.role, actor.unit_id),
            lambda: render_template("wall_stage.html", kept=True, **_scene(office, actor)),
        )
    rotate = request.args.get("rotate", 0, type=int)
    return render_template(
        "wall.html",
        kept=False,
        rotate=rotate if rotate in ROTATE_S else 0,
        **_scene(office, actor),
    )


@blueprint.post("/alarms/<int:number>/acknowledge")
@needs(Action.ACKNOWLEDGE_ALARM)
def acknowledge(number: int) -> Response:
    """A person has taken note of an SOS: screens go back, the record says who."""

    def act() -> str:
        first = alarms.acknowledge(current_office(), number, current_actor())
        return f"{first}已知悉求救。"

    return then_back(act, "/")


def _scene(office: Office, actor: Actor) -> dict[str, Any]:
    now = office.clock()
    page = reading.case_page(office, actor, open_only=True, limit=OPEN_CASES)
    cases = urgency.by_urgency(page.items, now)
    seen = units.unit_views(office, actor)
    newest = reading.case_page(office, actor, limit=LATEST)
    names = names_of(seen, (*newest.items, *page.items))
    counted = _board(office, actor, now)
    running = _alarms(office, actor)
    return {
        "cases": cases,
        "more_cases": page.next is not None,
        "units": seen,
        "stats": _today(office, actor, now),
        "board": counted,
        "limits": office.settings.deadlines,
        "feed": feed(_events(office, actor), names),
        "alarms": [alarm for alarm in running if alarm.seen_by is None],
        "open_alarms": running,
        "unit_of": names.unit,
        "map_data": map_data(cases, seen, now) | {"heat": counted.places if counted else ()},
    }


def _board(office: Office, actor: Actor, now: datetime) -> Board | None:
    """Slow figures, for roles that may see them."""
    if not actor.may(Action.READ_STATS):
        return None
    kept: KeptBoard = current_app.extensions[_BOARD]
    return kept.get(office, now)


def _alarms(office: Office, actor: Actor) -> list[OpenAlarm]:
    """SOS calls that still run; a mediator is told of the own unit's."""
    running = alarms.open_alarms(office)
    if actor.role is Role.MEDIATOR:
        return [alarm for alarm in running if alarm.event.unit_id == actor.unit_id]
    return running


def names_of(units_seen: Iterable[UnitView], cases: Iterable[CaseView]) -> saying.Names:
    return saying.Names(
        units={unit.id: unit.name for unit in units_seen},
        cases=naming.by_case(cases),
    )


def feed(
    events: Sequence[TimelineEvent], names: saying.Names, *, limit: int = FEED
) -> list[tuple[TimelineEvent, saying.Sentence]]:
    """The newest events worth telling a room, newest first."""
    told = ((event, sentences.tell(event, names)) for event in events)
    return [(event, said) for event, said in told if said.feed][:limit]


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
