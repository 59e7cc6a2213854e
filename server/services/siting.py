"""Which posts to choose: exact answers by a mixed-integer solver (HiGHS, through scipy).

Maximal covering (MCLP; Church & ReVelle 1974, doi 10.1007/BF01942293): with a site's choice
x_j in {0, 1} and a reached demand y_i in [0, 1], maximise Σ w_i y_i under y_i ≤ Σ x_j over the
sites that reach i, and Σ x_j = k. Maximal expected covering (MEXCLP; Daskin 1983,
doi 10.1287/trsc.17.1.48) counts the n-th unit in reach with (1 - q) q^(n-1), q being the share of
time a unit is busy. Demand reached by the same sites is one row, which loses nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from server.domain.coverage import Cover, reached_weight
from server.domain.errors import Invalid, Unavailable
from server.services.swapping import swapped_posts

TIME_LIMIT_S = 60.0
FAINT = 1e-3
"""MEXCLP leaves out further units that would count less than this."""

_Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """Chosen sites by number, ascending; a site with several units is named several times.

    ``weight`` is the demand reached (for MEXCLP its expectation). ``gap`` is 0 when the choice is
    proven best, else how much better, as a share, a choice might still be.
    """

    sites: tuple[int, ...]
    weight: float
    gap: float


@dataclass(frozen=True, slots=True)
class _Rows:
    """Demand grouped by the sites that reach it: weights, and (row, site) of each reach."""

    weights: _Vector
    row: list[int]
    site: list[int]


def best_posts(
    weights: Sequence[float],
    cover: Cover,
    count: int,
    *,
    keep: Collection[int] = (),
    time_limit_s: float = TIME_LIMIT_S,
) -> Choice:
    """The ``count`` sites, those in ``keep`` among them, that reach most. Raises Invalid."""
    if not len(set(keep)) <= count <= len(cover) or count < 1:
        fewest = max(1, len(set(keep)))
        raise Invalid("posts", f"choose between {fewest} and {len(cover)} posts")
    rows = _group(weights, cover)
    sites = len(cover)
    goal = np.concatenate([np.zeros(sites), -rows.weights])
    number = LinearConstraint(_ones(sites, len(goal)), count, count)
    solved, most = _solve(goal, [_link(rows, sites, 1), number], sites, keep, time_limit_s)
    if most is not None:
        solved = _better(weights, cover, solved, swapped_posts(weights, cover, count, keep=keep))
    weight = reached_weight(weights, [cover[site] for site in solved or ()])
    return Choice(solved or (), weight, _gap(weight, most))


def fewest_posts(
    weights: Sequence[float],
    cover: Cover,
    share: float,
    *,
    keep: Collection[int] = (),
    time_limit_s: float = TIME_LIMIT_S,
) -> Choice:
    """The fewest sites that reach ``share`` of all demand; of these the choice reaching most.

    A greedy choice says how many are enough; then one fewer is tried until too little is reached.
    Raises Invalid when all sites together do not reach it.
    """
    most = reached_weight(weights, cover) / (sum(weights) or 1.0)
    if not 0 < share <= most + 1e-12:
        raise Invalid("share", f"all {len(cover)} sites together reach {most:.1%}; ask for less")
    wanted = share * sum(weights) * (1 - 1e-12)
    best = best_posts(
        weights,
        cover,
        _greedy_count(weights, cover, wanted, keep),
        keep=keep,
        time_limit_s=time_limit_s,
    )
    while len(best.sites) > max(1, len(set(keep))):
        fewer = best_posts(
            weights, cover, len(best.sites) - 1, keep=keep, time_limit_s=time_limit_s
        )
        if fewer.weight < wanted:
            unproven = fewer.gap if fewer.weight * (1 + fewer.gap) >= wanted else 0.0
            return replace(best, gap=max(best.gap, unproven))
        best = fewer
    return best


def expected_posts(
    weights: Sequence[float],
    cover: Cover,
    units: int,
    *,
    busy: float,
    keep: Collection[int] = (),
    time_limit_s: float = TIME_LIMIT_S,
) -> Choice:
    """Where ``units`` should wait when each is busy that share of the time, independently."""
    if not 0 <= busy < 1:
        raise Invalid("busy", "say a share from 0 to below 1")
    if units < max(1, len(set(keep))):
        raise Invalid("posts", f"choose at least {max(1, len(set(keep)))} posts")
    rows = _group(weights, cover)
    sites = len(cover)
    levels = [(1 - busy) * busy**n for n in range(units) if busy**n >= FAINT] or [1.0]
    goal = np.concatenate([np.zeros(sites), *(-rows.weights * level for level in levels)])
    number = LinearConstraint(_ones(sites, len(goal)), units, units)
    links = [_link(rows, sites, len(levels)), number]
    solved, most = _solve(goal, links, sites, keep, time_limit_s, per_site=units)
    if solved is None:
        raise Unavailable(f"No choice was found within {time_limit_s:.0f} s; ask for fewer posts.")
    weight = expected_weight(weights, cover, solved, busy)
    return Choice(solved, weight, _gap(weight, most))


def expected_weight(
    weights: Sequence[float], cover: Cover, sites: Sequence[int], busy: float
) -> float:
    """Demand times the chance that one of the units in reach is free: w_i (1 - q^n)."""
    in_reach = [0] * len(weights)
    for site in sites:
        for number in cover[site]:
            in_reach[number] += 1
    return sum(w * (1 - busy**n) for w, n in zip(weights, in_reach, strict=True) if n)


def _better(
    weights: Sequence[float],
    cover: Cover,
    solved: tuple[int, ...] | None,
    swapped: tuple[int, ...],
) -> tuple[int, ...]:
    """Whichever reaches more; the solver may have found little when its time was over."""
    if solved is None:
        return swapped
    return max(
        (solved, swapped), key=lambda c: reached_weight(weights, [cover[site] for site in c])
    )


def _greedy_count(
    weights: Sequence[float], cover: Cover, wanted: float, keep: Collection[int]
) -> int:
    """How many sites are enough when each time the one that adds most is taken."""
    chosen = set(keep)
    left = frozenset(range(len(weights))).difference(*(cover[site] for site in chosen))
    while sum(weights) - sum(weights[number] for number in left) < wanted:
        added = [sum(weights[number] for number in reached & left) for reached in cover]
        site = max(range(len(cover)), key=added.__getitem__)
        if added[site] <= 0:
            break  # only the last digits of sums are missing
        chosen.add(site)
        left -= cover[site]
    return max(1, len(chosen))


def _group(weights: Sequence[float], cover: Cover) -> _Rows:
    reached_by: list[list[int]] = [[] for _ in weights]
    for site, reached in enumerate(cover):
        for number in reached:
            reached_by[number].append(site)
    grouped: dict[tuple[int, ...], float] = {}
    for sites, weight in zip(reached_by, weights, strict=True):
        if sites and weight > 0:
            grouped[tuple(sites)] = grouped.get(tuple(sites), 0.0) + weight
    pairs = [(row, site) for row, sites in enumerate(grouped) for site in sites]
    rows, chosen = [row for row, _ in pairs], [site for _, site in pairs]
    return _Rows(np.array(list(grouped.values()), dtype=float), rows, chosen)


def _ones(sites: int, width: int) -> coo_array:
    return coo_array(np.concatenate([np.ones(sites), np.zeros(width - sites)])[None, :])


def _link(rows: _Rows, sites: int, levels: int) -> LinearConstraint:
    """The sum of a row's levels is at most the number of units that reach it."""
    count = len(rows.weights)
    every = list(range(count)) * levels
    columns = [sites + level * count + row for level in range(levels) for row in range(count)]
    entries = [-1.0] * len(rows.row) + [1.0] * len(every)
    where = ([*rows.row, *every], [*rows.site, *columns])
    matrix = coo_array((entries, where), shape=(count, sites + levels * count))
    return LinearConstraint(matrix, -np.inf, 0)


def _solve(
    goal: _Vector,
    constraints: list[LinearConstraint],
    sites: int,
    keep: Collection[int],
    time_limit_s: float,
    per_site: int = 1,
) -> tuple[tuple[int, ...] | None, float | None]:
    """The sites chosen, and how much there may be at most unless the choice is proven best.

    None for the sites when the time was over before any choice was found.
    """
    low, high = np.zeros(len(goal)), np.ones(len(goal))
    low[sorted(set(keep))] = 1
    high[:sites] = per_site
    whole = np.zeros(len(goal))
    whole[:sites] = 1
    answer = milp(
        goal,
        constraints=constraints,
        bounds=Bounds(low, high),
        integrality=whole,
        options={"time_limit": time_limit_s, "mip_rel_gap": 0.0},
    )
    if answer.x is None:
        return None, _bound(goal, answer.mip_dual_bound)
    counts = np.rint(answer.x[:sites]).astype(int)
    chosen = tuple(int(site) for site in np.repeat(np.arange(sites), counts))
    return chosen, None if answer.status == 0 else _bound(goal, answer.mip_dual_bound)


def _bound(goal: _Vector, bound: float | None) -> float:
    """The most that may exist; goals are negative, since the solver minimises."""
    everything = -float(goal.sum())
    return everything if bound is None or not math.isfinite(bound) else min(-bound, everything)


def _gap(weight: float, most: float | None) -> float:
    """Against the weight of the choice itself: the solver's own sum may lag behind it."""
    if most is None or most <= weight:
        return 0.0
    return most / weight - 1 if weight > 0 else math.inf
