"""Cases that wait for a unit: given together when units become free, or after an outage."""

from __future__ import annotations

from server.domain.assignment import Candidate
from server.domain.case import Case
from server.domain.errors import Conflict
from server.domain.travel import BY_FORMULA
from server.office import Office
from server.services import dispatch, matching, ranking, travel_times
from server.services.matching import Wanting
from server.store import cases, events, units
from server.store.engine import reading, writing

BATCH = 100
"""Waiting cases looked at in one round; the next round takes the rest."""
ROUTED = 5
"""Of these so many ask a routing engine, which bounds what a slow one costs a round."""


def assign_waiting(office: Office) -> int:
    """Give waiting cases to free units, all at once; how many were given.

    Each pair is then written by itself: whoever was faster at a case or a unit keeps it, and the
    case left over waits for the next round.
    """
    if office.settings.dispatch.mode != "auto":
        return 0
    now = office.clock()
    with reading(office.engine) as conn:
        waiting = cases.waiting(conn, limit=BATCH)
        duty = units.on_duty(conn, now) if waiting else set()
        free = duty - units.running_cases(conn).keys()
    if not free:
        return 0
    rule = office.settings.dispatch.rank_rule()
    wanting = [_wanting(office, case, number) for number, case in enumerate(waiting)]
    pairs = matching.match(wanting, danger_from=rule.danger_from)
    return sum(_give(office, case_id, candidate) for case_id, candidate in pairs)


def _wanting(office: Office, case: Case, number: int) -> Wanting:
    travel = BY_FORMULA
    if office.roads is None or number < ROUTED:
        travel = travel_times.to_place(office, case.place)
    with reading(office.engine) as conn:
        found = ranking.ranked(office, conn, case, office.clock(), travel=travel)
    return Wanting(case.id, case.danger, found[:BATCH])  # no more can be taken by the others


def _give(office: Office, case_id: str, candidate: Candidate) -> bool:
    try:
        with writing(office.engine) as conn:
            told = dispatch.give_if_waiting(office, conn, case_id, candidate, office.clock())
            events.tell(conn, told)
            return bool(told)
    except Conflict:
        return False  # somebody was faster
