"""Exact answers of queueing theory, which the simulation is checked against.

Sources: Erlang 1917; Larson & Odoni, Urban Operations Research (1981), chapters 3 and 5
(web.mit.edu/urban_or_book): the hypercube model 5.4, its approximation 5.5.3, and the square-root
law of travel distances 3.5. Times are in mean services, rates per mean service.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


def erlang_b(servers: int, load: float) -> float:
    """The share of calls lost when nobody waits; ``load`` in mean busy servers if none is lost."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """The share of calls that wait when all wait; 1 when the load is too much."""
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


def mean_wait(servers: int, load: float) -> float:
    """Mean waiting time over all calls, in mean services (M/M/c)."""
    return erlang_c(servers, load) / (servers - load)


def nearest_distance(density: float, *, nth: int = 1, right_angle: bool = False) -> float:
    """Mean distance to the ``nth`` nearest of units strewn at random over a plane.

    Γ(n + 1/2) / (Γ(n) √(π density)); with right-angle travel a circle becomes a square, and π
    becomes 2.
    """
    area = 2.0 if right_angle else math.pi
    return math.gamma(nth + 0.5) / math.gamma(nth) / math.sqrt(area * density)


@dataclass(frozen=True, slots=True)
class Group:
    """Calls of one place: how many, and whom to send in which order (from 0)."""

    rate: float
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hypercube:
    """Steady state. ``states[b]``: unit n is busy where bit n of b is set, and nobody waits.

    ``waiting`` is the chance that somebody waits; ``loss`` that a call is turned away.
    """

    states: tuple[float, ...]
    waiting: float
    loss: float
    workload: tuple[float, ...]

    @property
    def all_busy(self) -> float:
        return self.states[-1] + self.waiting


def hypercube(groups: Sequence[Group], *, line: bool) -> Hypercube:
    """Solve the balance equations; services last 1 on average. With ``line`` calls wait."""
    units = len(groups[0].order)
    size = 2**units
    flow = np.zeros((size, size))
    for state in range(size):
        for group in groups:
            unit = first_free(group.order, state)
            if unit is not None:
                _move(flow, state, state | 1 << unit, group.rate)
        for unit in range(units):
            if state >> unit & 1:
                _move(flow, state, state & ~(1 << unit), 1.0)
    flow[-1] = 1.0
    chances = np.linalg.solve(flow, np.eye(size)[-1])
    load = sum(group.rate for group in groups) / units
    tail = chances[-1] * load / (1 - load) if line else 0.0
    chances, tail = chances / (1 + tail), tail / (1 + tail)
    busy = [sum(chances[s] for s in range(size) if s >> unit & 1) for unit in range(units)]
    return Hypercube(
        states=tuple(map(float, chances)),
        waiting=float(tail),
        loss=0.0 if line else float(chances[-1]),
        workload=tuple(float(share + tail) for share in busy),
    )


def first_free(order: Sequence[int], state: int) -> int | None:
    return next((unit for unit in order if not state >> unit & 1), None)


def cross_share(groups: Sequence[Group], solved: Hypercube) -> float:
    """The share of served calls that not the first choice serves (5.4.4).

    A call that waited goes to whoever is free first, which is each unit equally.
    """
    units = len(groups[0].order)
    whole = sum(group.rate for group in groups)
    crossed = solved.all_busy * (1 - 1 / units) if solved.waiting else 0.0
    for state, chance in enumerate(solved.states[:-1]):
        crossed += sum(
            group.rate / whole * chance for group in groups if state >> group.order[0] & 1
        )
    return crossed / (1 - solved.loss)


def correction(units: int, load: float, tried: int) -> float:
    """Q(N, ρ, j): how far busy units are from independent, with a line (5.5.3)."""
    empty = 1 / (
        sum((units * load) ** n / math.factorial(n) for n in range(units))
        + (units * load) ** units / math.factorial(units) / (1 - load)
    )
    terms = (
        math.factorial(units - tried - 1)
        * (units - n)
        / math.factorial(n - tried)
        * units**n
        / math.factorial(units)
        * load ** (n - tried)
        for n in range(tried, units)
    )
    return sum(terms) * empty / (1 - load) if tried else 1.0


def approximate(groups: Sequence[Group], rounds: int) -> tuple[float, ...]:
    """Workloads by Larson's approximation with a line, without 2^N equations (5.5.3)."""
    units = len(groups[0].order)
    load = sum(group.rate for group in groups) / units
    factors = [correction(units, load, tried) for tried in range(units)]
    queued = erlang_c(units, load * units) * load
    workload = [load] * units
    for _ in range(rounds):
        offered = [0.0] * units
        for group in groups:
            passed = 1.0
            for tried, unit in enumerate(group.order):
                offered[unit] += group.rate * factors[tried] * passed
                passed *= workload[unit]
        workload = [(v + queued) / (1 + v) for v in offered]
        scale = load * units / sum(workload)
        workload = [share * scale for share in workload]
    return tuple(workload)


def mean_travel(
    groups: Sequence[Group],
    solved: Hypercube,
    travel: Callable[[int, int], float],
) -> float:
    """Mean travel of served calls without a line; ``travel(group, unit)`` is the mean of a pair."""
    whole = sum(group.rate for group in groups)
    total = 0.0
    for state, chance in enumerate(solved.states[:-1]):
        for number, group in enumerate(groups):
            unit = first_free(group.order, state)
            if unit is not None:
                total += group.rate / whole * chance * travel(number, unit)
    return total / (1 - solved.loss)


def _move(flow: np.ndarray, state: int, target: int, rate: float) -> None:
    flow[target, state] += rate
    flow[state, state] -= rate
