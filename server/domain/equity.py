"""Whether diversion treats people alike: rates by area, category, source and wording style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

_ALPHA = 0.05
MARGIN = 0.02
"""Differences below this are not worth a finding however sure they are."""
LEAST = 30


@dataclass(frozen=True, slots=True)
class Case:
    """``traits`` such as ``{"area": "…", "style": "dialect"}``; ``hit`` is the figure watched (was
    diverted, was missed, waited too long) among cases that are alike in truth (``kind``)."""

    kind: str
    traits: Mapping[str, str]
    hit: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """A group against everyone else of its kind; ``low``–``high`` bounds the difference."""

    trait: str
    group: str
    n: int
    rate: float
    rate_of_rest: float
    low: float
    high: float

    @property
    def flagged(self) -> bool:
        return self.low > MARGIN or self.high < -MARGIN


def gaps(cases: Iterable[Case]) -> list[Gap]:
    """Every group of every trait with at least 30 cases, stratified by kind.

    The difference is averaged over kinds with Mantel-Haenszel weights; the interval is normal and
    Bonferroni-wide over all groups compared.
    """
    rows = list(cases)
    names = sorted({(t, g) for row in rows for t, g in row.traits.items()})
    sized = [(t, g) for t, g in names if _count(rows, t, g) >= LEAST]
    z = NormalDist().inv_cdf(1 - _ALPHA / 2 / max(1, len(sized)))
    return [_gap(rows, trait, group, z) for trait, group in sized]


def _count(rows: list[Case], trait: str, group: str) -> int:
    return sum(row.traits.get(trait) == group for row in rows)


def _gap(rows: list[Case], trait: str, group: str, z: float) -> Gap:
    ours = [row for row in rows if row.traits.get(trait) == group]
    rest = [row for row in rows if trait in row.traits and row.traits[trait] != group]
    total = weight_sum = spread = 0.0
    for kind in sorted({row.kind for row in ours}):
        a, b = [r.hit for r in ours if r.kind == kind], [r.hit for r in rest if r.kind == kind]
        if not a or not b:
            continue
        weight = len(a) * len(b) / (len(a) + len(b))
        total += weight * (_rate(a) - _rate(b))
        spread += weight**2 * (_variance(a) + _variance(b))
        weight_sum += weight
    difference = total / weight_sum if weight_sum else 0.0
    half = z * sqrt(spread) / weight_sum if weight_sum else 1.0
    own, others = _rate([r.hit for r in ours]), _rate([r.hit for r in rest])
    return Gap(trait, group, len(ours), own, others, difference - half, difference + half)


def _rate(hits: list[bool]) -> float:
    return sum(hits) / len(hits) if hits else 0.0


def _variance(hits: list[bool]) -> float:
    """Of the rate, with one hit and one miss added (Agresti and Caffo, 2000)."""
    n = len(hits) + 2
    share = (sum(hits) + 1) / n
    return share * (1 - share) / n
