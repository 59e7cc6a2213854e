"""Moving along the streets of a district. Pure: distance covered is an argument."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

from edge.district import District, Point, distance_m

METRES_PER_DEG_LAT = 111_195.0  # of the mean earth radius that distance_m uses


@dataclass(frozen=True, slots=True)
class Streets:
    """The street graph: beside each node its neighbours with the metres to them."""

    nodes: tuple[Point, ...]
    beside: tuple[tuple[tuple[int, float], ...], ...]

    def nearest(self, at: Point) -> int:
        """The node nearest to a place, by a flat measure good enough for a few kilometres."""
        squeeze = math.cos(math.radians(at.lat)) ** 2
        return min(
            range(len(self.nodes)),
            key=lambda n: (
                (self.nodes[n].lat - at.lat) ** 2 + (self.nodes[n].lon - at.lon) ** 2 * squeeze
            ),
        )


@dataclass(frozen=True, slots=True)
class Walker:
    """Someone at a place with a way still to go; ``heading_deg`` from north, clockwise."""

    at: Point
    way: tuple[Point, ...] = ()
    heading_deg: float = 0.0

    @property
    def arrived(self) -> bool:
        return not self.way


def streets(district: District) -> Streets:
    beside: dict[int, dict[int, float]] = defaultdict(dict)
    for road in district.roads:
        for a, b in pairwise(road.nodes):
            metres = distance_m(district.nodes[a], district.nodes[b])
            beside[a][b] = metres
            beside[b][a] = metres
    rows = (tuple(sorted(beside[n].items())) for n in range(len(district.nodes)))
    return Streets(district.nodes, tuple(rows))


def way(graph: Streets, start: Point, goal: Point) -> tuple[Point, ...]:
    """The shortest way by street (A*), with the stretches from and to the street at its ends.

    Straight across when the streets do not join.
    """
    source, target = graph.nearest(start), graph.nearest(goal)
    chain = _shortest(graph, source, target)
    return (*(graph.nodes[n] for n in chain), goal)


def length_m(points: tuple[Point, ...]) -> float:
    return sum(distance_m(a, b) for a, b in pairwise(points))


def send(walker: Walker, graph: Streets, goal: Point) -> Walker:
    """The same walker, now on the way to ``goal``."""
    return replace(walker, way=way(graph, walker.at, goal))


def advance(walker: Walker, metres: float) -> Walker:
    """The walker after covering ``metres`` of its way, or at its end."""
    at, left, heading = walker.at, list(walker.way), walker.heading_deg
    while left and metres > 0:
        step = distance_m(at, left[0])
        if step > 0.01:
            heading = bearing_deg(at, left[0])
        if step <= metres:
            at = left.pop(0)
            metres -= step
        else:
            at = _between(at, left[0], metres / step)
            metres = 0
    return Walker(at, tuple(left), heading)


def bearing_deg(a: Point, b: Point) -> float:
    """From north, clockwise, 0 up to 360; flat, for short stretches."""
    east = (b.lon - a.lon) * math.cos(math.radians(a.lat))
    return math.degrees(math.atan2(east, b.lat - a.lat)) % 360


def offset(at: Point, *, north_m: float, east_m: float) -> Point:
    squeeze = math.cos(math.radians(at.lat))
    return Point(
        at.lat + north_m / METRES_PER_DEG_LAT, at.lon + east_m / (METRES_PER_DEG_LAT * squeeze)
    )


def _shortest(graph: Streets, source: int, target: int) -> list[int]:
    goal = graph.nodes[target]
    best = {source: 0.0}
    came: dict[int, int] = {}
    todo = [(0.0, source)]
    while todo:
        _, here = heapq.heappop(todo)
        if here == target:
            return _chain(came, target)
        for there, metres in graph.beside[here]:
            cost = best[here] + metres
            if cost < best.get(there, math.inf):
                best[there] = cost
                came[there] = here
                heapq.heappush(todo, (cost + distance_m(graph.nodes[there], goal), there))
    return [target]


def _chain(came: dict[int, int], last: int) -> list[int]:
    out = [last]
    while last in came:
        last = came[last]
        out.append(last)
    return out[::-1]


def _between(a: Point, b: Point, t: float) -> Point:
    return Point(a.lat + (b.lat - a.lat) * t, a.lon + (b.lon - a.lon) * t)
