"""Which share of the calls can be reached in time from where people wait.

A post reaches a place when leaving and riding there fit into the limit:
``leaving + distance × detour ÷ speed ≤ limit``. A call counts as reachable when any post reaches
it; how many people wait there does not enter (see docs/DISPATCH.md for queueing).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from server.domain.geo import EARTH_RADIUS_M, Place, distance_m

Cover = tuple[frozenset[int], ...]
"""For each post the numbers of the demand points it reaches in time."""


@dataclass(frozen=True, slots=True)
class TravelRule:
    speed_kmh: float = 20
    """An e-bike in a town."""
    detour: float = 1.3
    """Road over air distance in a town (doi 10.1080/19475683.2021.1966503)."""
    leaving_s: float = 120

    def seconds(self, metres: float) -> float:
        """From hand-over to arrival over ``metres`` as the crow flies."""
        return self.leaving_s + metres * self.detour / (self.speed_kmh / 3.6)

    def reach_m(self, limit_s: float) -> float:
        """How far away a call may be, in metres as the crow flies; 0 when nothing is left."""
        return max(0.0, (limit_s - self.leaving_s) * self.speed_kmh / 3.6 / self.detour)


@dataclass(frozen=True, slots=True)
class Demand:
    """Calls expected at a place, in any unit that is the same for all."""

    place: Place
    weight: float


@dataclass(frozen=True, slots=True)
class Post:
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class PostReach:
    """Shares of all demand: what the post reaches, and what no other post reaches."""

    post: Post
    share: float
    only_share: float


@dataclass(frozen=True, slots=True)
class Coverage:
    share: float
    posts: tuple[PostReach, ...]


def cover(
    demand: Sequence[Demand], posts: Sequence[Post], rule: TravelRule, limit_s: float
) -> Cover:
    reach_m = rule.reach_m(limit_s)
    return tuple(_reached(demand, post.place, reach_m) for post in posts)


def reached_weight(weights: Sequence[float], sets: Sequence[frozenset[int]]) -> float:
    return sum(weights[number] for number in frozenset().union(*sets))


def coverage(
    demand: Sequence[Demand], posts: Sequence[Post], rule: TravelRule, limit_s: float
) -> Coverage:
    """The reachable share in all and by post; 0 when there is no demand."""
    weights = [point.weight for point in demand]
    sets = cover(demand, posts, rule, limit_s)
    whole = sum(weights) or 1.0
    times_reached = [0] * len(demand)
    for reached in sets:
        for number in reached:
            times_reached[number] += 1
    reaches = []
    for post, reached in zip(posts, sets, strict=True):
        alone = frozenset(number for number in reached if times_reached[number] == 1)
        shares = (reached_weight(weights, [part]) / whole for part in (reached, alone))
        reaches.append(PostReach(post, *shares))
    return Coverage(reached_weight(weights, sets) / whole, tuple(reaches))


def _reached(demand: Sequence[Demand], origin: Place, reach_m: float) -> frozenset[int]:
    """A place is never nearer than its difference in latitude, which is cheap to tell."""
    lat_span = math.degrees(reach_m / EARTH_RADIUS_M)
    return frozenset(
        number
        for number, point in enumerate(demand)
        if abs(point.place.lat - origin.lat) <= lat_span
        and distance_m(point.place, origin) <= reach_m
    )
