"""Whether what arrives still looks like what the model was judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

RAISE_AT = 0.25
CLEAR_AT = 0.10
"""PSI above .25 is usually called a large shift, below .10 none (a rule of credit scoring)."""
LEAST_ROWS = 100


def psi(before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Population stability index over the same named bins, counts in.

    Half a row is added to every bin, so that an empty one stays finite.
    """
    bins = sorted(before.keys() | now.keys())
    first, second = _shares(before, bins), _shares(now, bins)
    return sum((b - a) * log(b / a) for a, b in zip(first, second, strict=True))


def deciles(reference: Sequence[float]) -> list[float]:
    """Nine inner edges of ten bins of equal size."""
    ordered = sorted(reference)
    return [ordered[len(ordered) * i // 10] for i in range(1, 10)] if ordered else []


def binned(values: Sequence[float], edges: Sequence[float]) -> dict[str, float]:
    """Counts by bin number."""
    counts: dict[str, float] = {str(i): 0.0 for i in range(len(edges) + 1)}
    for value in values:
        counts[str(sum(value >= edge for edge in edges))] += 1
    return counts


@dataclass(frozen=True, slots=True)
class Alert:
    """Raised after ``patience`` looks above, cleared after as many below; in between it stays."""

    raised: bool = False
    streak: int = 0


def looked(
    alert: Alert,
    value: float,
    *,
    patience: int = 2,
    raise_at: float = RAISE_AT,
    clear_at: float = CLEAR_AT,
) -> Alert:
    """The alert after one more look."""
    against = value < clear_at if alert.raised else value > raise_at
    if not against:
        return Alert(alert.raised, 0)
    streak = alert.streak + 1
    return Alert(not alert.raised, 0) if streak >= patience else Alert(alert.raised, streak)


def _shares(counts: Mapping[str, float], bins: Sequence[str]) -> list[float]:
    total = sum(counts.values()) + 0.5 * len(bins)
    return [(counts.get(name, 0.0) + 0.5) / total for name in bins]
