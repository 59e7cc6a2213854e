"""Confidence intervals of shares: Wilson's and the exact one of Clopper and Pearson."""

from __future__ import annotations

from math import exp, lgamma, log, log1p, sqrt

_Z95 = 1.959963984540054


def wilson(hits: int, n: int, z: float = _Z95) -> tuple[float, float]:
    """Two-sided 95 % interval (E. B. Wilson, 1927); (0, 1) when n is 0."""
    if n == 0:
        return (0.0, 1.0)
    share, zz = hits / n, z * z
    centre = (share + zz / (2 * n)) / (1 + zz / n)
    half = z / (1 + zz / n) * sqrt(share * (1 - share) / n + zz / (4 * n * n))
    return (max(0.0, centre - half), min(1.0, centre + half))


def upper95(misses: int, n: int) -> float:
    """One-sided exact 95 % upper bound of a rate (Clopper and Pearson, 1934).

    With no miss it is ``1 - 0.05 ** (1 / n)``: 299 trials for 1 %. It is 1 when n is 0.
    """
    if n == 0 or misses >= n:
        return 1.0
    low, high = misses / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(misses, n, middle) > 0.05 else (low, middle)
    return high


def _at_most(k: int, n: int, p: float) -> float:
    """Chance of at most ``k`` of ``n`` at rate ``p``."""
    if p >= 1.0:
        return 0.0

    def log_term(i: int) -> float:
        ways = lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1)
        return ways + (i * log(p) if i else 0.0) + (n - i) * log1p(-p)

    return sum(exp(log_term(i)) for i in range(k + 1))
