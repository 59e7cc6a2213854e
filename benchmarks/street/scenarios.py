"""The streets that are compared: posts, people, speed, rules; and their measured figures."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks.street.ground import Ground
from benchmarks.street.policies import as_spots, balanced, crews, nearest, poisson_calls
from benchmarks.street.simulation import DAY_S, Call, Outcome, Way, run
from server.domain.coverage import Demand, Post, TravelRule, cover, coverage
from server.services.siting import best_posts

LIMIT_S = 480.0
Spread = Literal["even", "populated"]


@dataclass(frozen=True, slots=True)
class Volume:
    """What comes in. Eighteen calls a day are the 6,083 of the pilot's year, rounded up."""

    calls_per_day: float = 18.0
    days: int = 90
    scene_min: float = 40.0
    spread: Spread = "even"


@dataclass(frozen=True, slots=True)
class Street:
    name: str
    posts: tuple[Post, ...]
    units: int
    speed_kmh: float = 20.0
    stays: bool = False
    by_load: bool = True

    @property
    def rule(self) -> TravelRule:
        return TravelRule(speed_kmh=self.speed_kmh)

    @property
    def way(self) -> Way:
        return Way(self.rule, balanced if self.by_load else nearest, stays=self.stays)


@dataclass(frozen=True, slots=True)
class Interval:
    """Mean of the seeds and half the width of its 95 % interval."""

    mean: float
    half: float


@dataclass(frozen=True, slots=True)
class Figures:
    """``reachable`` is the share within reach of a post, without queueing; None when units stay."""

    reachable: float | None
    reached: Interval
    p90_min: Interval
    waited: Interval
    gini: Interval
    busy: Interval


def draw(ground: Ground, volume: Volume, seed: int) -> list[Call]:
    rng = np.random.default_rng(seed)
    count = int(rng.poisson(volume.calls_per_day * volume.days))
    spots = ground.even(rng, count) if volume.spread == "even" else ground.populated(rng, count)
    per_s = volume.calls_per_day / DAY_S
    return poisson_calls(rng, spots, per_s=per_s, scene_s=volume.scene_min * 60)


def simulate(ground: Ground, street: Street, calls: Sequence[Call]) -> Outcome:
    """One run. Who stays where cases end needs a day until the posts are forgotten."""
    homes = crews(as_spots(ground.plane([post.place for post in street.posts])), street.units)
    return run(calls, homes, street.way, warm_s=5 * DAY_S if street.stays else DAY_S / 4)


def measure(
    ground: Ground, street: Street, demand: Sequence[Demand], draws: Sequence[Sequence[Call]]
) -> Figures:
    outcomes = [simulate(ground, street, calls) for calls in draws]
    reach = None
    if not street.stays:
        reach = coverage(demand, street.posts, street.rule, LIMIT_S).share
    return Figures(
        reachable=reach,
        reached=interval([o.reached(LIMIT_S) for o in outcomes]),
        p90_min=interval([float(np.quantile(o.response_s, 0.9)) / 60 for o in outcomes]),
        waited=interval([o.waited / max(1, len(o.response_s)) for o in outcomes]),
        gini=interval([o.gini() for o in outcomes]),
        busy=interval([statistics.mean(o.busy_s) / o.lasted_s for o in outcomes]),
    )


def interval(values: Sequence[float]) -> Interval:
    """Mean ± t · s / √n, with t of the normal tail corrected for few seeds (Cornish–Fisher)."""
    count = len(values)
    if count < 2:
        return Interval(values[0], math.inf)
    z, free = 1.959964, count - 1
    t = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)
    return Interval(statistics.mean(values), t * statistics.stdev(values) / math.sqrt(count))


def best(
    ground: Ground, demand: Sequence[Demand], count: int, *, speed_kmh: float = 20.0
) -> tuple[Post, ...]:
    """The gazetteer's places that reach most of this demand in time (exact)."""
    sites = ground.sites()
    reached = cover(demand, sites, TravelRule(speed_kmh=speed_kmh), LIMIT_S)
    choice = best_posts([point.weight for point in demand], reached, count)
    return tuple(sites[site] for site in choice.sites)
