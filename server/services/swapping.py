"""Good posts in a moment: greedy, then exchange while it helps (Teitz & Bart 1968).

Stands in where the exact solver has run out of time. Greedy alone reaches at least 1 - 1/e of what
the best choice reaches (Nemhauser, Wolsey & Fisher 1978, doi 10.1007/BF01588971); exchanging one
post for another until nothing is gained comes nearer, without proof.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from server.domain.coverage import Cover

ROUNDS = 50
"""Exchanges at most; each gains something, so this only bounds the time."""

_Reach = NDArray[np.bool_]
_Weights = NDArray[np.float64]


def swapped_posts(
    weights: Sequence[float], cover: Cover, count: int, *, keep: Collection[int] = ()
) -> tuple[int, ...]:
    """``count`` sites, those in ``keep`` among them, that reach much; ascending."""
    reach = np.zeros((len(cover), len(weights)), dtype=bool)
    for site, reached in enumerate(cover):
        reach[site, sorted(reached)] = True
    worth = np.asarray(weights, dtype=float)
    chosen = sorted(set(keep))
    while len(chosen) < count:
        chosen.append(_best(reach, worth, chosen)[0])
    for _ in range(ROUNDS):
        better = _exchange(reach, worth, chosen, set(keep))
        if better is None:
            break
        chosen = better
    return tuple(sorted(chosen))


def _best(reach: _Reach, worth: _Weights, chosen: Sequence[int]) -> tuple[int, float]:
    """The site that adds most to the chosen ones, and how much it adds."""
    left = ~reach[list(chosen)].any(axis=0)
    added = reach[:, left] @ worth[left]
    added[list(chosen)] = -1.0
    site = int(added.argmax())
    return site, float(added[site])


def _exchange(
    reach: _Reach, worth: _Weights, chosen: Sequence[int], keep: Collection[int]
) -> list[int] | None:
    """The chosen with one replaced to the greatest gain; None when no exchange gains."""
    now = float(worth[reach[list(chosen)].any(axis=0)].sum())
    best, best_gain = None, 1e-9
    for out in set(chosen) - set(keep):
        others = [site for site in chosen if site != out]
        without = float(worth[reach[others].any(axis=0)].sum())
        site, added = _best(reach, worth, others)
        if without + added - now > best_gain:
            best, best_gain = [*others, site], without + added - now
    return best
