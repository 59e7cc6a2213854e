"""Whom to send, and calls to send them to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.street.ground import Plane
from benchmarks.street.simulation import Call, Chooser, Offer, Spot

LOAD_S = 20.0
"""What a case of the last 24 hours costs a unit (``dispatch.load_s`` of the settings)."""


def nearest(call: Call, offers: Sequence[Offer]) -> int:
    """Whoever is there first; among equals always the same one."""
    del call
    return min(range(len(offers)), key=lambda number: offers[number].eta_s)


def balanced(call: Call, offers: Sequence[Offer]) -> int:
    """The rule of the product: seconds to arrival, and 20 s for each case of the last day."""
    del call
    return min(
        range(len(offers)),
        key=lambda number: offers[number].eta_s + LOAD_S * offers[number].recent,
    )


def ordered(orders: Sequence[Sequence[int]]) -> Chooser:
    """By a fixed order for each group of calls, as in the hypercube model."""
    ranks = [{unit: rank for rank, unit in enumerate(order)} for order in orders]

    def choose(call: Call, offers: Sequence[Offer]) -> int:
        rank = ranks[call.group]
        return min(range(len(offers)), key=lambda number: rank[offers[number].unit])

    return choose


def poisson_calls(
    rng: np.random.Generator, spots: Plane, *, per_s: float, scene_s: float
) -> list[Call]:
    """One call for each spot, at random times; scenes last exponentially long."""
    times = np.cumsum(rng.exponential(1 / per_s, len(spots)))
    scenes = rng.exponential(scene_s, len(spots))
    return [
        Call(float(at), spot, float(scene))
        for at, spot, scene in zip(times, as_spots(spots), scenes, strict=True)
    ]


def group_calls(
    rng: np.random.Generator, rates: Sequence[float], count: int, spot: Spot = (0.0, 0.0)
) -> list[Call]:
    """Calls of groups with these rates, all at one spot; services last 1 on average.

    Drawn times are scaled to their exact means, which leaves less to chance and errs by 1/count.
    """
    groups = rng.choice(len(rates), size=count, p=np.array(rates) / sum(rates))
    times = np.cumsum(_mean_one(rng, count)) / sum(rates)
    scenes = _mean_one(rng, count)
    return [
        Call(float(at), spot, float(scene), int(group))
        for at, scene, group in zip(times, scenes, groups, strict=True)
    ]


def crews(posts: Sequence[Spot], units: int) -> list[Spot]:
    """Units dealt out to the posts in turn."""
    return [posts[number % len(posts)] for number in range(units)]


def as_spots(plane: Plane) -> list[Spot]:
    return [(float(x), float(y)) for x, y in plane]


def _mean_one(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    drawn = rng.exponential(1.0, count)
    return np.asarray(drawn / drawn.mean())
