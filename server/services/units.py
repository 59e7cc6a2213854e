"""Units as people see them: where, how sure, how charged, doing what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from server.domain.roles import Actor, Role
from server.domain.views import Location, PositionView, UnitView
from server.office import Office
from server.store import units
from server.store.engine import reading
from server.store.units import UnitRow


def unit_views(office: Office, actor: Actor) -> list[UnitView]:
    """All units; a mediator sees the devices of the own unit only."""
    now = office.clock()
    with reading(office.engine) as conn:
        duty, running = units.on_duty(conn, now), units.running_cases(conn)
        states = units.live(conn)
        rows = units.every(conn)
    return [
        _view(row, states.get(row.id, []), running.get(row.id), row.id in duty, now, actor)
        for row in rows
    ]


def _view(
    row: UnitRow,
    states: Sequence[UnitRow],
    running: UnitRow | None,
    duty: bool,
    now: datetime,
    actor: Actor,
) -> UnitView:
    own = actor.role is not Role.MEDIATOR or actor.unit_id == row.id
    fix = units.newest_fix(states)
    return UnitView(
        id=row.id,
        name=row.name,
        point=row.point,
        duty=duty,
        status=running.status if running is not None else ("free" if duty else "off"),
        position=_position(fix, now) if fix is not None else None,
        battery_pct=_lowest_battery(states),
        presence=_presence(states),
        devices=tuple(state.device for state in states) if own else (),
        point_location=Location(row.lat, row.lon),
        case_id=running.case_id if running is not None and own else None,
    )


def _position(state: UnitRow, now: datetime) -> PositionView:
    return PositionView(
        lat=state.lat,
        lon=state.lon,
        crs="WGS-84",
        fix_time=state.fix_time,
        age_s=round(max(0.0, (now - state.fix_time).total_seconds()), 1),
        accuracy_m=state.accuracy_m,
        doubt=tuple(state.doubt or ()),
        heading_deg=state.heading_deg,
    )


def _lowest_battery(states: Sequence[UnitRow]) -> float | None:
    """The device that gives up first decides."""
    known = [state.battery_pct for state in states if state.battery_pct is not None]
    return min(known, default=None)


def _presence(states: Sequence[UnitRow]) -> str | None:
    """Online while any device is."""
    known = {state.presence for state in states if state.presence}
    if not known:
        return None
    return "online" if "online" in known else "offline"
