"""The simulation on textbook streets, whose exact answers are known (``queueing``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.street.policies import group_calls, nearest, ordered
from benchmarks.street.queueing import Group
from benchmarks.street.simulation import Call, Outcome, Way, run
from server.domain.coverage import TravelRule

NOWHERE = (0.0, 0.0)
UNIT_SPEED = TravelRule(speed_kmh=3600, detour=1, leaving_s=0)
"""One kilometre a second: distances are times."""

CITY_HOMES = (0.75, -0.25)
"""Where the two units of Larson & Odoni 5.3.3 wait, in a city from -1 to 1."""


def groups_of(raw: Mapping[str, Any]) -> list[Group]:
    """Groups of the golden file, whose servers count from 1."""
    return [
        Group(group["rate"], tuple(server - 1 for server in group["pref"]))
        for group in raw["groups"]
    ]


def hypercube_run(groups: Sequence[Group], *, line: bool, calls: int, seed: int) -> Outcome:
    rng = np.random.default_rng(seed)
    way = Way(UNIT_SPEED, ordered([g.order for g in groups]), queues=line, instant=True)
    drawn = group_calls(rng, [group.rate for group in groups], calls)
    return run(drawn, [NOWHERE] * len(groups[0].order), way)


def erlang_run(servers: int, load: float, *, line: bool, calls: int, seed: int) -> Outcome:
    rng = np.random.default_rng(seed)
    way = Way(UNIT_SPEED, nearest, queues=line, instant=True)
    return run(group_calls(rng, [load], calls), [NOWHERE] * servers, way)


def all_busy(outcome: Outcome) -> float:
    """The share of time in which every unit was busy, which is the share of calls that find so."""
    full = 2 ** len(outcome.served) - 1
    return outcome.state_s.get(full, 0.0) / outcome.lasted_s


def workloads(outcome: Outcome) -> list[float]:
    return [busy_s / outcome.lasted_s for busy_s in outcome.busy_s]


def crossed(outcome: Outcome, groups: Sequence[Group]) -> float:
    """The share of calls that not the first choice served."""
    other = sum(n for (group, unit), n in outcome.sent.items() if unit != groups[group].order[0])
    return other / sum(outcome.sent.values())


def city_groups(width: float, rate: float) -> list[Group]:
    """The east (unit 1 first) and the west of a boundary ``width`` west of unit 1."""
    east = 0.5 + _THIN * width
    return [Group(rate * east, (0, 1)), Group(rate * (1 - east), (1, 0))]


def city_travel(width: float, group: int, unit: int) -> float:
    """Mean distance east-west of a group's calls from a unit's home, by integrals."""
    east = 0.5 + _THIN * width
    if group == 0:
        thin = width**2 / 2 if unit == 0 else width - width**2 / 2
        thick = 0.125 if unit == 0 else 1.125
        return (thick / 2 + _THIN * thin) / east
    if unit == 0:
        return _THIN * (1.75**2 - width**2) / 2 / (1 - east)
    return _THIN * (0.75**2 + (1 - width) ** 2) / 2 / (1 - east)


_THIN = 2 / 7
"""Calls per mile west of unit 1: half of all over 1.75 miles; the other half over the rest."""


def city_run(width: float, rate: float, *, calls: int, seed: int) -> Outcome:
    """Drawn from the map itself, not from the integrals."""
    rng = np.random.default_rng(seed)
    thick = rng.random(calls) < 0.5
    where = np.where(thick, rng.uniform(0.75, 1.0, calls), rng.uniform(-1.0, 0.75, calls))
    drawn = [
        Call(call.at_s, (float(x), 0.0), call.scene_s, int(x < CITY_HOMES[0] - width))
        for call, x in zip(group_calls(rng, [rate], calls), where, strict=True)
    ]
    way = Way(UNIT_SPEED, ordered([(0, 1), (1, 0)]), queues=False, instant=True)
    return run(drawn, [(x, 0.0) for x in CITY_HOMES], way)


def strewn_distance(
    *, units: int, calls: int, seed: int, nth: int = 1, right_angle: bool = False
) -> float:
    """Mean distance to the ``nth`` nearest of units strewn at random, one to the square unit.

    Calls keep 10 mean distances from the edge, so that the edge does not matter.
    """
    rng = np.random.default_rng(seed)
    side = float(np.sqrt(units))
    found = []
    for _ in range(calls):
        away = np.abs(rng.uniform(0, side, (units, 2)) - rng.uniform(5, side - 5, 2))
        distance = away.sum(axis=1) if right_angle else np.hypot(away[:, 0], away[:, 1])
        found.append(float(np.partition(distance, nth - 1)[nth - 1]))
    return float(np.mean(found))
