"""A plan of who is reached from where, in the unit square: what a drawing needs, no pixels.

Demand is summed over square cells, so that a plan of thousands of places stays small. ``x`` goes
east, ``y`` south, both in units of the plan's width; degrees as a plane, for an area of some km.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from edge.district import Bounds, District
from server.domain.coverage import Cover, Demand, Post, TravelRule, cover
from server.domain.geo import EARTH_RADIUS_M, Place

CELLS = 48
"""Cells from west to east."""


@dataclass(frozen=True, slots=True)
class Frame:
    """From degrees to the plan; ``height`` in widths."""

    bounds: Bounds
    height: float
    metre: float
    """One metre in widths."""

    def at(self, lat: float, lon: float) -> tuple[float, float]:
        span = self.bounds.east - self.bounds.west
        x = (lon - self.bounds.west) / span
        y = (self.bounds.north - lat) / (self.bounds.north - self.bounds.south) * self.height
        return round(x, 4), round(y, 4)


@dataclass(frozen=True, slots=True)
class Cell:
    """Demand of a square: its share of all, and how much of that is reached, 0 to 1."""

    x: float
    y: float
    share: float
    reached: float


@dataclass(frozen=True, slots=True)
class Plan:
    height: float
    outline: tuple[tuple[float, float], ...]
    cells: tuple[Cell, ...]
    posts: tuple[tuple[str, float, float], ...]
    reach: float
    """Radius of a post's reach."""


def frame_of(bounds: Bounds) -> Frame:
    middle = math.radians((bounds.north + bounds.south) / 2)
    wide = math.radians(bounds.east - bounds.west) * math.cos(middle) * EARTH_RADIUS_M
    high = math.radians(bounds.north - bounds.south) * EARTH_RADIUS_M
    return Frame(bounds, round(high / wide, 4), 1 / wide)


def plan_of(
    district: District,
    demand: Sequence[Demand],
    posts: Sequence[Post],
    rule: TravelRule,
    limit_s: float,
) -> Plan:
    """The plan of a district with its demand, its posts and what these reach in time."""
    frame = frame_of(district.bounds)
    return Plan(
        height=frame.height,
        outline=tuple(frame.at(corner.lat, corner.lon) for corner in district.outline),
        cells=_cells(frame, demand, cover(demand, posts, rule, limit_s)),
        posts=tuple((post.name, *frame.at(post.place.lat, post.place.lon)) for post in posts),
        reach=rule.reach_m(limit_s) * frame.metre,
    )


def _cells(frame: Frame, demand: Sequence[Demand], reached: Cover) -> tuple[Cell, ...]:
    """Biggest first, so that small ones are drawn over them."""
    in_time: frozenset[int] = frozenset().union(*reached)
    sums: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for number, point in enumerate(demand):
        held = sums[_cell(frame, point.place)]
        held[0] += point.weight
        held[1] += point.weight if number in in_time else 0.0
    whole = sum(weight for weight, _ in sums.values()) or 1.0
    made = (
        Cell((col + 0.5) / CELLS, (row + 0.5) / CELLS, weight / whole, got / weight)
        for (col, row), (weight, got) in sums.items()
        if weight > 0
    )
    return tuple(sorted(made, key=lambda cell: (-cell.share, cell.y, cell.x)))


def _cell(frame: Frame, place: Place) -> tuple[int, int]:
    x, y = frame.at(place.lat, place.lon)
    return math.floor(x * CELLS), math.floor(y * CELLS)
