"""Figures of a set of assessed and labelled texts (contract, section 6). Standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from triage.assessment import Assessment
from triage.taxonomy import LABELS, Label, Route
from triage.training.bounds import upper95, wilson

_HANDED_ON = (Route.MEDIATE, Route.SERVICE)
_BINS = 10


@dataclass(frozen=True, slots=True)
class Judgement:
    """One text: what it is, and what triage made of it."""

    truth: Label
    assessment: Assessment


def metrics(judgements: Sequence[Judgement], model: str) -> dict[str, Any]:
    """The contract's object. ``police_recall`` is the label's; a dangerous miss is a police text
    that would be handed on to mediators or 12345 unseen, and ``police_miss_upper95`` bounds the
    rate of those (Clopper and Pearson, one-sided)."""
    n = len(judgements)
    hits = sum(j.assessment.label is j.truth for j in judgements)
    per_label = {str(label): _label_figures(judgements, label) for label in LABELS}
    police = [j for j in judgements if j.truth is Label.POLICE]
    dispute = [j for j in judgements if j.truth is Label.DISPUTE]
    missed = [j.assessment.id for j in police if j.assessment.route in _HANDED_ON]
    review = sum(j.assessment.route is Route.REVIEW for j in judgements)
    diverted = sum(j.assessment.route is Route.MEDIATE for j in dispute)
    return {
        "n": n,
        "accuracy": _share(hits, n),
        "macro_f1": round(sum(f["f1"] for f in per_label.values()) / len(LABELS), 4),
        "per_label": per_label,
        "police_recall": per_label["police"]["recall"],
        "police_miss_upper95": round(upper95(len(missed), len(police)), 4),
        "dangerous_misses": missed,
        "auto_share": _share(n - review, n),
        "review_share": _share(review, n),
        "dispute_diverted_share": _share(diverted, len(dispute)),
        "brier": round(_brier(judgements), 4),
        "ece": round(_calibration_error(judgements), 4),
        "model": model,
        "routes": _routes(judgements),
        "intervals95": {
            "accuracy": _interval(hits, n),
            "police_recall": per_label["police"]["recall_95"],
            "dangerous_miss_rate": _interval(len(missed), len(police)),
            "dispute_diverted_share": _interval(diverted, len(dispute)),
        },
    }


def _label_figures(judgements: Sequence[Judgement], label: Label) -> dict[str, Any]:
    truth = sum(j.truth is label for j in judgements)
    called = sum(j.assessment.label is label for j in judgements)
    both = sum(j.truth is label and j.assessment.label is label for j in judgements)
    f1 = 2 * both / (truth + called) if truth + called else 0.0
    return {
        "n": truth,
        "precision": _share(both, called),
        "recall": _share(both, truth),
        "f1": round(f1, 4),
        "recall_95": _interval(both, truth),
        "precision_95": _interval(both, called),
    }


def _routes(judgements: Sequence[Judgement]) -> dict[str, dict[str, int]]:
    """Truth by route, as counts."""
    return {
        str(label): {
            str(route): sum(j.truth is label and j.assessment.route is route for j in judgements)
            for route in Route
        }
        for label in LABELS
    }


def _brier(judgements: Sequence[Judgement]) -> float:
    """Mean over texts of the squared distance of the three probabilities from the truth."""
    total = sum(
        (j.assessment.p[label] - (j.truth is label)) ** 2 for j in judgements for label in LABELS
    )
    return total / len(judgements) if judgements else 0.0


def _calibration_error(judgements: Sequence[Judgement]) -> float:
    """Expected calibration error of the likeliest label, ten bins of equal width."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for j in judgements:
        confidence = max(j.assessment.p.values())
        hit = j.assessment.label is j.truth
        bins[min(_BINS - 1, int(confidence * _BINS))].append((confidence, hit))
    gaps = [abs(sum(c for c, _ in rows) - sum(h for _, h in rows)) for rows in bins]
    return sum(gaps) / len(judgements) if judgements else 0.0


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _interval(hits: int, n: int) -> list[float]:
    return [round(bound, 4) for bound in wilson(hits, n)]
