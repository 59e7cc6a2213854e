"""Paired comparisons: two models asked about the same rows. Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, sqrt

_Z95_ONE_SIDED = 1.6448536269514722


def worse_p(only_old: int, only_new: int) -> float:
    """One-sided exact p that the new model is worse (Q. McNemar, 1947, binomial form).

    ``only_old`` and ``only_new`` count rows that only one of them got right; 1.0 without any.
    """
    n = only_old + only_new
    if n == 0:
        return 1.0
    ways = sum(comb(n, k) for k in range(only_old, n + 1))
    return float(ways / 2.0**n) if n < 1000 else float(ways // 2 ** (n - 60)) / 2.0**60


def lowest_change(only_old: int, only_new: int, n: int) -> float:
    """One-sided 95 % lower bound of (new share right - old share right) over ``n`` paired rows.

    A. Agresti and Y. Min, Statistics in Medicine 24 (2005): half a row is added to each of the
    four cells, so that small and all-equal tables keep a width. It is -1 when ``n`` is 0.
    """
    if n == 0:
        return -1.0
    lost, won, rows = only_old + 0.5, only_new + 0.5, n + 2
    change = (won - lost) / rows
    variance = (won + lost - (won - lost) ** 2 / rows) / rows**2
    return change - _Z95_ONE_SIDED * sqrt(variance)


def mean_bound(differences: Sequence[float]) -> tuple[float, float]:
    """Mean of paired differences and its one-sided 95 % lower bound (normal); 0, 0 when empty."""
    n = len(differences)
    if n == 0:
        return (0.0, 0.0)
    mean = sum(differences) / n
    spread = sum((d - mean) ** 2 for d in differences) / max(1, n - 1)
    return (mean, mean - _Z95_ONE_SIDED * sqrt(spread / n))
