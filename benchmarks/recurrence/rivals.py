"""Other rules for the same task, each fitted on the same lessons: lessons -> risks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from benchmarks.recurrence.open_log import Vector
from triage.recurrence_model import measures
from triage.training.recurrence_labels import Lesson

Rule = Callable[[Sequence[Lesson]], Vector]


def table(lessons: Sequence[Lesson]) -> Vector:
    return np.array([measures(lesson.past) for lesson in lessons])


def counts(lessons: Sequence[Lesson]) -> Vector:
    """Fading sums of 240 days, about what a yearly count says."""
    return np.array([lesson.past.episodes for lesson in lessons], dtype=float)


def sums(lessons: Sequence[Lesson]) -> Vector:
    return np.array([(*one.past.disputes, *one.past.calls) for one in lessons])


def known(lessons: Sequence[Lesson]) -> tuple[list[Lesson], Vector]:
    kept = [one for one in lessons if one.label(90) is not None]
    return kept, np.array([float(bool(one.label(90))) for one in kept])


def recency(train: Sequence[Lesson]) -> Rule:
    """Logistic on the days since the last one."""

    def x(lessons: Sequence[Lesson]) -> Vector:
        return table(lessons)[:, [8, 15]]

    return _logistic(train, x)


def three_in_90_days(_train: Sequence[Lesson]) -> Rule:
    """The manual rule, as a score: the fading sum of 90 days against three."""
    return lambda lessons: np.clip(sums(lessons)[:, 2] / 3, 0, 1)


def gamma_poisson(train: Sequence[Lesson]) -> Rule:
    """``1 - (B / (B + 90)) ** (a + n)`` with ``B = b + days known``, by likelihood of labels."""
    kept, labels = known(train)

    def risks(values: Vector, lessons: Sequence[Lesson]) -> Vector:
        a, b = np.exp(values)
        seen = b + np.array([min(one.past.log_runs_for, 1095.0) for one in lessons])
        return 1 - (seen / (seen + 90)) ** (a + counts(lessons) + 1)

    fitted = minimize(lambda v: _loss(labels, risks(v, kept)), [-1.0, 5.0], method="Nelder-Mead")
    return lambda lessons: risks(fitted.x, lessons)


def additive(train: Sequence[Lesson], columns: Sequence[int] = range(7)) -> Rule:
    """``1 - exp(-(w0 + Σ w × fading sum))``, no weight below zero."""
    kept, labels = known(train)
    x, width = sums(kept)[:, list(columns)], len(columns)

    def loss(w: Vector) -> float:
        return _loss(labels, 1 - np.exp(-(w[0] + x @ w[1:])))

    fitted = minimize(loss, [0.2, *[0.05] * width], bounds=[(1e-6, None)] + [(0, None)] * width)
    return lambda lessons: (
        1 - np.exp(-(fitted.x[0] + sums(lessons)[:, list(columns)] @ fitted.x[1:]))
    )


def hawkes(train: Sequence[Lesson]) -> Rule:
    """One base rate, one decay: the best single half-life of the additive hazard."""
    kept, labels = known(train)
    rules = [additive(train, [column]) for column in range(5)]
    return min(rules, key=lambda rule: _loss(labels, rule(kept)))


def logistic(train: Sequence[Lesson]) -> Rule:
    """The measures without kinds."""
    return _logistic(train, table)


def boosting(train: Sequence[Lesson]) -> Rule:
    kept, labels = known(train)
    model = HistGradientBoostingClassifier(
        max_iter=150, learning_rate=0.04, max_leaf_nodes=8, min_samples_leaf=40, random_state=1
    ).fit(table(kept), labels)
    return lambda lessons: model.predict_proba(table(lessons))[:, 1]


def cox(train: Sequence[Lesson]) -> Rule:
    """Proportional hazards (Breslow), censored where the log ends; survival read at 90 days."""
    every = list(train)
    times = np.array([one.days_to_next or one.followed_days for one in every])
    seen = np.array([one.days_to_next is not None for one in every])
    raw = table(every)
    middle, spread = raw.mean(0), raw.std(0) + 1e-9
    order = np.argsort(-times)
    x, times, seen = ((raw - middle) / spread)[order], times[order], seen[order]

    def loss(w: Vector) -> tuple[float, Vector]:
        score = x @ w
        size = np.exp(score)
        total = np.cumsum(size)
        mean = np.cumsum(size[:, None] * x, axis=0) / total[:, None]
        value = -(score - np.log(total))[seen].sum() + 0.5 * (w @ w)
        return float(value), -(x - mean)[seen].sum(0) + w

    w = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    size = np.exp(x @ w)
    base = (seen / np.cumsum(size))[times <= 90].sum()
    return lambda lessons: 1 - np.exp(-base * np.exp((table(lessons) - middle) / spread @ w))


RIVALS: dict[str, Callable[[Sequence[Lesson]], Rule]] = {
    "manual rule: 3 in 90 days": three_in_90_days,
    "recency": recency,
    "gamma–Poisson": gamma_poisson,
    "Hawkes": hawkes,
    "additive decaying hazard": additive,
    "logistic, no kinds": logistic,
    "boosting": boosting,
    "Cox": cox,
}


def _logistic(train: Sequence[Lesson], x: Callable[[Sequence[Lesson]], Vector]) -> Rule:
    kept, labels = known(train)
    model = LogisticRegression(C=0.3, max_iter=5000).fit(x(kept), labels)
    return lambda lessons: model.predict_proba(x(lessons))[:, 1]


def _loss(labels: Vector, risks: Vector) -> float:
    p = np.clip(risks, 1e-6, 1 - 1e-6)
    return float(-(labels * np.log(p) + (1 - labels) * np.log(1 - p)).mean())
