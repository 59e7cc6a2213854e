"""How far people agree: by label and leaf, and readers who drift away from the others. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from math import sqrt
from statistics import NormalDist

from server.domain.opinions import Opinion, current, kappa, newest

WINDOW = timedelta(days=30)
LEAST = 20
"""Shared reports in the window, and as many before it, or nothing is said of a reader."""
MARGIN = 0.05
_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class WordKappa:
    """Cohen's kappa of "this word or another" over ``n`` pairs of readings, of which ``used`` had
    the word at least once; None where it says nothing."""

    word: str
    n: int
    used: int
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Reader:
    """How often a reader said what counts without that reader's own word: before the last 30 days
    and in them. ``high`` is the one-sided upper bound of the change."""

    name: str
    n_before: int
    share_before: float
    n: int
    share: float
    high: float

    @property
    def drifts(self) -> bool:
        return self.high < -MARGIN


def by_label(readings: Iterable[Sequence[Opinion]]) -> list[WordKappa]:
    return _by_word([(a.label.value, b.label.value) for a, b in _pairs(readings)])


def by_category(readings: Iterable[Sequence[Opinion]]) -> list[WordKappa]:
    """Only pairs in which both readers named a leaf."""
    told = [(a.category, b.category) for a, b in _pairs(readings)]
    return _by_word([(a, b) for a, b in told if a and b])


def readers(readings: Iterable[Sequence[Opinion]], now: datetime) -> list[Reader]:
    """Everyone with 20 shared reports in the last 30 days and 20 before, the furthest fallen first.

    The bound is one-sided at .05 divided by the number of readers (Bonferroni), variances with a
    hit and a miss added (Agresti and Caffo, 2000). Who drifts drags down the others: once a reader
    is found, the others are judged without that reader's words.
    """
    held = [newest([o for o in opinions if not o.feedback]) for opinions in readings]
    found: list[Reader] = []
    while True:
        named = {reader.name for reader in found}
        rest = [[o for o in said if o.by not in named] for said in held]
        left = _of(rest, now)
        if not left or not left[0].drifts:
            return found + left
        found.append(left[0])


def _of(readings: Iterable[Sequence[Opinion]], now: datetime) -> list[Reader]:
    told: dict[str, tuple[list[bool], list[bool]]] = {}
    for people in readings:
        for one in people:
            rest = current([o for o in people if o.by != one.by])
            if rest is not None:
                halves = told.setdefault(one.by, ([], []))
                halves[one.at >= now - WINDOW].append(one.label is rest.label)
    known = {name: halves for name, halves in told.items() if min(map(len, halves)) >= LEAST}
    z = NormalDist().inv_cdf(1 - _ALPHA / max(1, len(known)))
    return sorted((_reader(n, *halves, z) for n, halves in known.items()), key=lambda r: r.high)


def _reader(name: str, before: list[bool], lately: list[bool], z: float) -> Reader:
    first, second = sum(before) / len(before), sum(lately) / len(lately)
    half = z * sqrt(_variance(before) + _variance(lately))
    return Reader(name, len(before), first, len(lately), second, second - first + half)


def _variance(hits: list[bool]) -> float:
    n = len(hits) + 2
    share = (sum(hits) + 1) / n
    return share * (1 - share) / n


def _pairs(readings: Iterable[Sequence[Opinion]]) -> list[tuple[Opinion, Opinion]]:
    people = (newest([o for o in opinions if not o.feedback]) for opinions in readings)
    return [pair for said in people for pair in combinations(said, 2)]


def _by_word(pairs: Sequence[tuple[str, str]]) -> list[WordKappa]:
    words = sorted({word for pair in pairs for word in pair})
    return [_word_kappa(word, pairs) for word in words]


def _word_kappa(word: str, pairs: Sequence[tuple[str, str]]) -> WordKappa:
    told = [(str(a == word), str(b == word)) for a, b in pairs]
    return WordKappa(word, len(told), sum(word in pair for pair in pairs), kappa(told))
