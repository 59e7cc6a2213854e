"""Other label shares here than in training: estimated, and what the promise says then.

The promise bounds the rate among police texts, so it does not depend on how many of the texts are
police, as long as police texts read like those it was counted on. What does change is how many
misses a thousand reports hold, and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from triage.taxonomy import LABELS, Label

_ROUNDS = 200
_SETTLED = 1e-6
_DRAWS = 200
_SEED = 17

Probabilities = Sequence[Mapping[Label, float]]


def estimated_shares(probabilities: Probabilities, priors: Mapping[str, float]) -> dict[str, float]:
    """The label shares under which these probabilities agree with themselves: expectation and
    maximisation of Saerens, Latinne and Decaestecker (2002), without looking at any truth."""
    return _named(_settled(_array(probabilities), _priors(priors)))


def shift(
    probabilities: Probabilities, priors: Mapping[str, float], promised: Mapping[str, Any]
) -> dict[str, Any]:
    """Shares in training and as estimated here, with 95 % intervals by 200 redrawn sets of texts;
    ``promised`` has ``miss_upper95`` of the manifest's thresholds."""
    p, prior = _array(probabilities), _priors(priors)
    draw = np.random.default_rng(_SEED)
    again = [_settled(p[draw.integers(0, len(p), len(p))], prior) for _ in range(_DRAWS)]
    low, high = np.percentile(np.array(again), [2.5, 97.5], axis=0)
    estimated = _named(_settled(p, prior))
    bound = float(promised["miss_upper95"])
    most_police = float(high[LABELS.index(Label.POLICE)])
    return {
        "training": {label: round(share, 4) for label, share in priors.items()},
        "estimated": estimated,
        "estimated_95": {
            str(label): [round(float(low[at]), 4), round(float(high[at]), 4)]
            for at, label in enumerate(LABELS)
        },
        "police_miss_upper95": bound,
        "missed_per_1000_at_most": round(1000 * most_police * bound, 2),
        "says": _says(bound, 1000 * most_police * bound),
    }


def _says(bound: float, per_1000: float) -> str:
    return (
        f"Of police texts that read like the held-out ones at most {bound:.2%} are handed on "
        "unseen (95 %), whatever their share here; with the share estimated here that is at most "
        f"{per_1000:.1f} of 1,000 reports. Should police texts here read otherwise, nothing is "
        "promised until this place has counted its own."
    )


def _settled(p: Any, prior: Any) -> Any:
    now = prior
    for _ in range(_ROUNDS):
        weighed = p * (now / prior)
        new = (weighed / weighed.sum(axis=1, keepdims=True)).mean(axis=0)
        settled = float(np.abs(new - now).max()) < _SETTLED
        now = new
        if settled:
            break
    return now


def _array(probabilities: Probabilities) -> Any:
    rows = [[max(p[label], 1e-12) for label in LABELS] for p in probabilities]
    return np.array(rows, dtype=float)


def _priors(priors: Mapping[str, float]) -> Any:
    return np.array([max(priors[str(label)], 1e-9) for label in LABELS])


def _named(shares: Any) -> dict[str, float]:
    return {str(label): round(float(x), 4) for label, x in zip(LABELS, shares, strict=True)}
