"""Who could go to a case, best first: units, needs and travel times put before the rule."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from server.domain.assignment import Ranking, rank
from server.domain.case import Case
from server.domain.errors import Missing
from server.domain.roles import Actor
from server.domain.travel import BY_FORMULA, Travel
from server.domain.views import CandidateView, ReasonView
from server.office import Office
from server.services import needs, travel_times
from server.store import assignments, cases, units
from server.store.engine import reading


def candidates(office: Office, case_id: str, actor: Actor) -> list[CandidateView]:
    """Units that could go, best first, each with the reasons of its score."""
    del actor  # every role that may read cases may see who could go
    travel = travel_times.of_case(office, case_id)
    with reading(office.engine) as conn:
        row = cases.find(conn, case_id)
        if row is None:
            raise Missing("case", case_id)
        found = ranked(office, conn, cases.to_case(row), office.clock(), travel=travel)
    return [
        CandidateView(
            unit_id=c.unit_id,
            name=c.name,
            eta_s=c.eta_s,
            distance_m=c.distance_m,
            score_s=c.score_s,
            reasons=tuple(ReasonView(r.text, round(r.seconds, 1)) for r in c.reasons),
        )
        for c in found
    ]


def ranked(
    office: Office,
    conn: Connection,
    case: Case,
    now: datetime,
    *,
    only_new: bool = False,
    travel: Travel = BY_FORMULA,
) -> Ranking:
    """Units that did not give the case up before; when all did, everyone who did not refuse it.

    Who closed a case that is open again knows it: that unit counts as new.
    """
    free = units.for_ranking(conn, now, stay=office.settings.duty.after_case == "stay")
    rule = office.settings.dispatch.rank_rule()
    ends = assignments.ends_by_unit(conn, case.id)
    had = {unit_id for unit_id, why in ends.items() if why != "closed"}
    refused = {unit_id for unit_id, why in ends.items() if why == "refused"}
    need = needs.need_of(conn, office.district, case, danger=case.danger, now=now)
    found = rank(case.place, free, now=now, rule=rule, excluded=had, need=need, travel=travel)
    if found or only_new:
        return found
    return rank(case.place, free, now=now, rule=rule, excluded=refused, need=need, travel=travel)
