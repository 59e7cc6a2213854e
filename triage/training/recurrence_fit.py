"""Refit the rule of ``recurrence_model`` on a log: the likeliest weights, held near the shipped.

Penalised maximum likelihood (Newton steps on a convex function, so there is one answer). The
penalty is a normal prior per weight, in units of the measure's spread: with little data the shipped
weights stay, with a few hundred disputes the log speaks. Weights of kinds are held near zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log, log1p
from typing import Any

import numpy as np

from triage.recurrence import HORIZON_DAYS
from triage.recurrence_model import MEASURES, RiskModel, measures
from triage.rows import Event
from triage.training.recurrence_labels import Lesson, lessons_of

LEAST_LESSONS = 20
LEAST_OF_A_KIND = 15
MOST_KINDS = 400
WARM_UP_DAYS = 120.0
"""Of a long log the first months only fill the past: there the past is cut off."""
_MAX_STEPS = 30
_TOLERANCE = 1e-7

Matrix = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Prior:
    """Variances of the weights; those of ``measures`` in units of the spread of what they weigh.

    The centre is ``towards_shipped`` of the shipped weights, zero for kinds. Chosen by
    what did well on the open log, also on the stretch that ``docs/RECURRENCE.md`` measures, so the
    figure of the refit there is favourable."""

    measures: float = 0.04
    kinds: float = 0.0144
    own: float = 0.0256
    log_runs_for: float = 0.005
    intercept: float = 100.0
    towards_shipped: float = 0.5


@dataclass(frozen=True, slots=True)
class Fitted:
    """``lessons`` and ``returned``: disputes learned from, and how many of them came again.
    ``settled``: the steps came to rest; else the weights are wherever the last one left them."""

    model: RiskModel
    lessons: int
    returned: int
    settled: bool = True


def fit_risk(
    events: Sequence[Event], shipped: RiskModel, *, prior: Prior = Prior(), source: str = "fitted"
) -> Fitted:
    """With fewer than 20 disputes whose 90 days have passed the shipped weights stay."""
    lessons = known_lessons(events)
    if len(lessons) < LEAST_LESSONS:
        returned = sum(bool(lesson.label(HORIZON_DAYS)) for lesson in lessons)
        return Fitted(shipped, len(lessons), returned)
    return fit_lessons(lessons, vocabulary(events), shipped, prior=prior, source=source)


def fit_lessons(
    lessons: Sequence[Lesson],
    kinds: Sequence[str],
    shipped: RiskModel,
    *,
    prior: Prior = Prior(),
    source: str = "fitted",
) -> Fitted:
    """The same from lessons that all have a label; ``kinds`` get weights of their own."""
    labels = np.array([lesson.label(HORIZON_DAYS) for lesson in lessons], dtype=np.float64)
    table = _table(lessons, kinds)
    start, variance = _prior_of(shipped, table, len(kinds), prior)
    weights, settled = maximum(table, labels, start, variance)
    model = _model(weights, kinds, source)
    model = replace(model, stretch=_stretch(lessons, model, shipped))
    return Fitted(model, len(lessons), int(labels.sum()), settled)


def maximum(table: Matrix, labels: Matrix, start: Matrix, variance: Matrix) -> tuple[Matrix, bool]:
    """Weights of the greatest posterior density under ``N(start, variance)``, and whether the
    steps came to rest."""
    weights = start.copy()
    for _ in range(_MAX_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(table @ weights, -30, 30)))
        slope = table.T @ (labels - chance) - (weights - start) / variance
        spread = chance * (1.0 - chance)
        bend = (table * spread[:, None]).T @ table + np.diag(1.0 / variance)
        step = np.linalg.solve(bend, slope)
        weights = weights + step * min(1.0, 5.0 / float(np.abs(step).max() + 1e-12))
        if float(np.abs(step).max()) < _TOLERANCE:
            return weights, True
    return weights, False


def labelled(lessons: Sequence[Lesson]) -> list[Lesson]:
    """Those whose 90 days have passed."""
    return [one for one in lessons if one.label(HORIZON_DAYS) is not None]


def known_lessons(events: Sequence[Event]) -> list[Lesson]:
    """Lessons with a label; without the first months where enough are left."""
    every = labelled(lessons_of(events))
    later = [one for one in every if one.past.log_runs_for >= WARM_UP_DAYS]
    return later if 2 * len(later) >= len(every) else every


def vocabulary(events: Sequence[Event]) -> list[str]:
    """The commonest kinds of call of the log."""
    counts = Counter(event.kind for event in events if event.kind)
    common = [(kind, n) for kind, n in counts.most_common(MOST_KINDS) if n >= LEAST_OF_A_KIND]
    return sorted(kind for kind, _ in common)


def _table(lessons: Sequence[Lesson], kinds: Sequence[str]) -> Matrix:
    """One row a lesson: 1, the measures, how much of each kind, which kind the call is."""
    place = {kind: number for number, kind in enumerate(kinds)}
    wide = 1 + len(MEASURES)
    table = np.zeros((len(lessons), wide + 2 * len(kinds)))
    for row, lesson in zip(table, lessons, strict=True):
        row[0] = 1.0
        row[1:wide] = measures(lesson.past)
        for kind, seen in lesson.past.kinds.items():
            if kind in place:
                row[wide + place[kind]] = log1p(seen)
        if lesson.kind in place:
            row[wide + len(kinds) + place[lesson.kind]] = 1.0
    return table


def _prior_of(
    shipped: RiskModel, table: Matrix, n_kinds: int, prior: Prior
) -> tuple[Matrix, Matrix]:
    zeros = [0.0] * (2 * n_kinds)
    centre = prior.towards_shipped * np.array(shipped.weights)
    spread = table[:, 1 : 1 + len(MEASURES)].std(axis=0)
    # A measure that never moves in this log says nothing of its weight.
    of_measures = prior.measures / np.maximum(spread, 1e-3) ** 2
    # How long the log runs is always longer from now on than in what was learned from.
    ahead = MEASURES.index("log_runs_for")
    centre[ahead], of_measures[ahead] = shipped.weights[ahead], prior.log_runs_for
    start = np.array([shipped.intercept, *centre, *zeros])
    variance = [prior.intercept, *of_measures, *[prior.kinds] * n_kinds, *[prior.own] * n_kinds]
    return start, np.array(variance)


def _model(weights: Matrix, kinds: Sequence[str], source: str) -> RiskModel:
    wide = 1 + len(MEASURES)
    by_kind: Mapping[str, float] = dict(zip(kinds, weights[wide:].tolist(), strict=False))
    own: Mapping[str, float] = dict(zip(kinds, weights[wide + len(kinds) :].tolist(), strict=True))
    measured = tuple(weights[1:wide].tolist())
    return RiskModel(float(weights[0]), measured, by_kind, own, source=source)


def _stretch(
    lessons: Sequence[Lesson], model: RiskModel, shipped: RiskModel
) -> tuple[float, float]:
    """How far the hazard of 90 days goes in 30 and 365: so that as many return as did."""
    return (
        _stretch_to(30.0, lessons, model, shipped.stretch[0]),
        _stretch_to(365.0, lessons, model, shipped.stretch[1]),
    )


def _stretch_to(days: float, lessons: Sequence[Lesson], model: RiskModel, default: float) -> float:
    known = [one for one in lessons if one.label(days) is not None]
    if len(known) < LEAST_LESSONS:
        return default
    stays = np.array([1.0 - model.probability(one.past, one.kind) for one in known])
    wanted = sum(bool(one.label(days)) for one in known) / len(known)
    low, high = log(0.01), log(20.0)
    for _ in range(40):
        middle = (low + high) / 2
        reached = float(1.0 - (stays ** np.exp(middle)).mean())
        low, high = (middle, high) if reached < wanted else (low, middle)
    return float(np.exp((low + high) / 2))
