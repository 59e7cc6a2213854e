"""A refit that may serve: learned on a history, measured on its newest part, refused when it is
no fit at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from triage.errors import RefitRefused
from triage.recurrence import HORIZON_DAYS
from triage.recurrence_model import Past, RiskModel
from triage.risk_artefact import out_of_bounds
from triage.rows import Event
from triage.trail import Trail
from triage.training.recurrence_figures import Vector, auc, brier, ece
from triage.training.recurrence_fit import Fitted, fit_lessons, known_lessons, vocabulary
from triage.training.recurrence_labels import Lesson

LEAST_DISPUTES = 100
"""Fewer leave the calibration to chance (the learning curve in ``docs/RECURRENCE.md``)."""
LEAST_OF_EACH = 20
"""Disputes that returned, and that did not."""
HELD_OUT = 0.3
MOST_AUC_LOST = 0.01
MOST_BRIER_MORE = 0.002
MOST_OFF = 0.05
"""Between the mean risk told and the share that returned. ECE is shown but decides nothing: of a
hundred disputes a perfect rule has .1."""

Figures = Mapping[str, float | int]


@dataclass(frozen=True, slots=True)
class Refit:
    """``before`` and ``after``: the rule that served and a refit on the older disputes, both on
    the newest, which it had not seen. ``model`` learned from all of them."""

    model: RiskModel
    disputes: int
    returned: int
    held_out: int
    before: Figures
    after: Figures

    def as_json(self) -> dict[str, Any]:
        return {
            "disputes": self.disputes,
            "returned": self.returned,
            "held_out": {"n": self.held_out, "before": self.before, "after": self.after},
        }


def refit(events: Sequence[Event], serving: RiskModel, shipped: RiskModel, *, source: str) -> Refit:
    """Weights held near the shipped ones, measured against those that serve. ``RefitRefused``
    when the history is too small, the steps do not come to rest or the weights are absurd."""
    lessons = known_lessons(events)
    _enough(lessons, "the history", LEAST_DISPUTES, LEAST_OF_EACH)
    older, newest = _split(lessons)
    _enough(newest, "its newest part", 0, LEAST_OF_EACH // 2)
    _enough(older, "its older part", LEAST_DISPUTES // 2, LEAST_OF_EACH // 2)
    kinds = vocabulary(events)
    tried = _sound(fit_lessons(older, kinds, shipped, source=source))
    fitted = _sound(fit_lessons(lessons, kinds, shipped, source=source))
    return Refit(
        fitted.model,
        fitted.lessons,
        fitted.returned,
        len(newest),
        _figures(serving, newest),
        _figures(tried.model, newest),
    )


def objections(held_out: Mapping[str, Any]) -> tuple[str, ...]:
    """What speaks against letting a refit serve, from the figures its manifest keeps."""
    before, after = held_out["before"], held_out["after"]
    against = []
    if after["auc"] < before["auc"] - MOST_AUC_LOST:
        against.append(f"AUC falls from {before['auc']} to {after['auc']}")
    if after["brier"] > before["brier"] + MOST_BRIER_MORE:
        against.append(f"Brier grows from {before['brier']} to {after['brier']}")
    off, was = (abs(one["told"] - one["came_true"]) for one in (after, before))
    if off > max(MOST_OFF, was):
        against.append(f"it tells {after['told']} on average, and {after['came_true']} came true")
    return tuple(against)


def _split(lessons: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson]]:
    """The newest, and those whose 90 days were over when the first of them came."""
    newest = list(lessons[len(lessons) - round(HELD_OUT * len(lessons)) :])
    since = newest[0].followed_days + HORIZON_DAYS
    return [one for one in lessons if one.followed_days >= since], newest


def _enough(lessons: Sequence[Lesson], what: str, least: int, of_each: int) -> None:
    returned = sum(bool(one.label(HORIZON_DAYS)) for one in lessons)
    if len(lessons) < least or min(returned, len(lessons) - returned) < of_each:
        raise RefitRefused(
            f"{what} has {len(lessons)} disputes whose 90 days have passed, {returned} of them "
            f"came again; at least {least} are needed, {of_each} that did and {of_each} that did "
            "not"
        )


def _sound(fitted: Fitted) -> Fitted:
    if not fitted.settled:
        raise RefitRefused("the fit did not come to rest; look for rows told many times")
    if beyond := out_of_bounds(fitted.model):
        raise RefitRefused(beyond)
    if fitted.model.probability(_busy()) <= fitted.model.probability(Past(log_runs_for=365.0)):
        raise RefitRefused("six disputes in two months would lower the risk; look at the rows")
    return fitted


def _busy() -> Past:
    trail = Trail(300.0)
    for day in range(300, 360, 10):
        trail.add(float(day), "", dispute=True)
    return trail.past(360.0, "", log_runs_for=365.0)


def _figures(model: RiskModel, lessons: Sequence[Lesson]) -> Figures:
    labels: Vector = np.array([float(bool(one.label(HORIZON_DAYS))) for one in lessons])
    risks: Vector = np.array([model.probability(one.past, one.kind) for one in lessons])
    found = {
        "auc": auc(labels, risks),
        "brier": brier(labels, risks),
        "ece": ece(labels, risks),
        "told": float(risks.mean()),
        "came_true": float(labels.mean()),
    }
    return {name: round(figure, 4) for name, figure in found.items()}
