"""What is known of rides to a place, asked before a transaction begins; and learning from rides.

Nothing here is asked while a transaction holds locks: a routing engine may take its time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from server.domain import travel as rules
from server.domain.assignment import start_of
from server.domain.geo import Place, distance_m
from server.domain.travel import BY_FORMULA, NO_FAULT, Pace, PaceRule, Ride, Travel
from server.domain.unit import Unit
from server.office import Office
from server.services.needs import community_of
from server.store import cases, reports, rides, units
from server.store.engine import reading

LEARNT_FROM = timedelta(days=365)
MOST_ASKED = 50
"""The nearest units as the crow flies; whoever is farther still is not the nearest by road."""
NO_ANSWER = "路径服务无应答，按直线距离估算"
NOWHERE = ""
"""Area of rides to places outside every community."""


def of_case(office: Office, case_id: str) -> Travel:
    """As ``to_place``, for the scene of a case; the formula for a case that is not there."""
    if not _asks(office):
        return BY_FORMULA
    with reading(office.engine) as conn:
        row = cases.find(conn, case_id)
    if row is None or row.lat is None:
        return BY_FORMULA
    return to_place(office, cases.place_of(row))


def of_report(office: Office, report_id: str) -> Travel:
    """As ``of_case``, for the case of a report."""
    if not _asks(office):
        return BY_FORMULA
    with reading(office.engine) as conn:
        row = reports.find(conn, report_id)
    if row is None or row.case_id is None:
        return BY_FORMULA
    return of_case(office, row.case_id)


def to_place(office: Office, place: Place | None) -> Travel:
    """The engine's rides from where units are, and the pace learnt here for all others."""
    if place is None or not _asks(office):
        return BY_FORMULA
    now = office.clock()
    with reading(office.engine) as conn:
        pace = _pace(office, conn, place, now)
        free = [] if office.roads is None else _free(office, conn, now)
    found = {} if office.roads is None else _rides(office, free, place, now)
    if found is None:
        return Travel(pace=pace, fault=NO_ANSWER)
    return Travel(rides=found, pace=pace, fault=NO_FAULT)


def learn(office: Office, conn: Connection, assignment_id: int, now: datetime) -> None:
    """Keep a ride as soon as leaving and arriving are both proved by fixes; once."""
    ride = rides.verified(conn, assignment_id)
    if ride is None or ride.distance_m is None or ride.lat is None:
        return
    log_ratio = rules.log_ratio(
        true_s=(ride.arrived - ride.departed).total_seconds(),
        metres=ride.distance_m,
        detour=office.settings.dispatch.detour,
        speed_kmh=ride.speed_kmh,
        rule=PaceRule(),
    )
    if log_ratio is not None:
        area = community_of(office.district, Place(ride.lat, ride.lon)) or NOWHERE
        rides.keep(
            conn,
            {
                "assignment_id": assignment_id,
                "at": now,
                "area": area,
                "band": rules.band_of(ride.departed, _zone(office)),
                "log_ratio": log_ratio,
            },
        )


def _asks(office: Office) -> bool:
    return office.roads is not None or office.settings.routing.history


def _pace(office: Office, conn: Connection, place: Place, now: datetime) -> Pace:
    if not office.settings.routing.history:
        return Pace()
    area = community_of(office.district, place) or NOWHERE
    band = rules.band_of(now, _zone(office))
    street, here, cell = rides.heard(conn, area=area, band=band, since=now - LEARNT_FROM)
    return rules.pace(street, here, cell, PaceRule())


def _free(office: Office, conn: Connection, now: datetime) -> list[Unit]:
    stay = office.settings.duty.after_case == "stay"
    found = units.for_ranking(conn, now, stay=stay)
    return [unit for unit in found if unit.on_duty and not unit.open_cases]


def _rides(office: Office, free: list[Unit], place: Place, now: datetime) -> dict[str, Ride] | None:
    """By unit; None when the engine was no help."""
    assert office.roads is not None, "asked only with an engine"
    rule = office.settings.dispatch.rank_rule()
    starts = {unit.id: start_of(unit, now, rule) for unit in free}
    near = sorted(starts, key=lambda unit_id: distance_m(starts[unit_id], place))[:MOST_ASKED]
    found = office.roads.rides([starts[unit_id] for unit_id in near], place)
    if found is None:
        return None
    return {unit_id: ride for unit_id, ride in zip(near, found, strict=True) if ride is not None}


def _zone(office: Office) -> ZoneInfo:
    return ZoneInfo(office.settings.district.time_zone)
