"""Where a model is right and how far it can be trusted: the figures beyond the contract's.

All intervals are Wilson's 95 % unless the name says otherwise.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage.taxonomy import LABELS, Label, Route
from triage.training.bounds import upper95, wilson
from triage.training.evaluate import Judgement
from triage.training.shift import estimated_shares

_BINS = 10
_STEPS = 20
_HARDEST = 20


@dataclass(frozen=True, slots=True)
class Told:
    """One labelled text as the file told it; None where the file says nothing."""

    text: str
    category: str | None = None
    style: str | None = None
    hard: bool | None = None


def breakdown(
    judgements: Sequence[Judgement], told: Sequence[Told], priors: Mapping[str, float] | None
) -> dict[str, Any]:
    """Everything of this module as one JSON object; ``priors`` are the training shares by label."""
    rows = list(zip(judgements, told, strict=True))
    return {
        "by_category": _grouped(rows, lambda t: t.category),
        "by_style": _grouped(rows, lambda t: t.style),
        "by_hard": _grouped(rows, lambda t: None if t.hard is None else str(t.hard).lower()),
        "category_accuracy": _category_accuracy(rows),
        "police_auc": round(auc(judgements), 4),
        "confusion": confusion(judgements),
        "reliability": reliability(judgements),
        "risk_coverage": risk_coverage(judgements),
        "doubts": _doubts(judgements),
        "shares": shares(judgements, priors),
        "hardest": hardest(rows),
        "misses": [_miss(j, t) for j, t in rows if j.assessment.label is not j.truth],
    }


def auc(judgements: Sequence[Judgement]) -> float:
    """Chance that a police text has a higher p(police) than another one; ties count half."""
    scored = sorted((j.assessment.p[Label.POLICE], j.truth is Label.POLICE) for j in judgements)
    positives = sum(is_police for _, is_police in scored)
    negatives = len(scored) - positives
    if not positives or not negatives:
        return 0.0
    rank_sum, at = 0.0, 0
    while at < len(scored):
        end = at
        while end < len(scored) and scored[end][0] == scored[at][0]:
            end += 1
        middle = (at + 1 + end) / 2
        rank_sum += middle * sum(is_police for _, is_police in scored[at:end])
        at = end
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def confusion(judgements: Sequence[Judgement]) -> dict[str, dict[str, int]]:
    """Truth by label given, as counts."""
    counts = Counter((j.truth, j.assessment.label) for j in judgements)
    return {str(t): {str(g): counts[t, g] for g in LABELS} for t in LABELS}


def reliability(judgements: Sequence[Judgement]) -> list[dict[str, Any]]:
    """By tenths of p(police): how many, the mean said, the share that was police, its interval."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for j in judgements:
        p = j.assessment.p[Label.POLICE]
        bins[min(_BINS - 1, int(p * _BINS))].append((p, j.truth is Label.POLICE))
    return [_bin(bins[number]) for number in sorted(bins)]


def _bin(rows: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    hits = sum(hit for _, hit in rows)
    return {
        "n": len(rows),
        "said": round(sum(p for p, _ in rows) / len(rows), 4),
        "was": round(hits / len(rows), 4),
        "was_95": _interval(hits, len(rows)),
    }


def risk_coverage(judgements: Sequence[Judgement]) -> list[dict[str, float]]:
    """The share of wrong labels among the surest so many texts, in steps of a twentieth."""
    surest = sorted(judgements, key=lambda j: -max(j.assessment.p.values()))
    points = []
    for step in range(1, _STEPS + 1):
        kept = surest[: max(1, round(len(surest) * step / _STEPS))]
        wrong = sum(j.assessment.label is not j.truth for j in kept)
        points.append({"coverage": step / _STEPS, "risk": round(wrong / max(1, len(kept)), 4)})
    return points


def hardest(rows: Rows) -> list[dict[str, Any]]:
    """The twenty texts whose true label was thought least likely, the hardest first, by id."""
    ranked = sorted(rows, key=lambda pair: (pair[0].assessment.p[pair[0].truth], pair[1].text))
    return [
        {
            "id": j.assessment.id,
            "truth": str(j.truth),
            "label": str(j.assessment.label),
            "p_truth": round(j.assessment.p[j.truth], 4),
            "route": str(j.assessment.route),
            "category": t.category,
        }
        for j, t in ranked[:_HARDEST]
    ]


def shares(
    judgements: Sequence[Judgement], priors: Mapping[str, float] | None
) -> dict[str, dict[str, float]]:
    """Label shares: in training, as they truly are here, and as estimated here without looking at
    the truth (expectation-maximisation of Saerens, Latinne and Decaestecker 2002)."""
    n = max(1, len(judgements))
    true = {str(k): round(sum(j.truth is k for j in judgements) / n, 4) for k in LABELS}
    if not priors or not judgements:
        return {"true": true}
    estimated = estimated_shares([j.assessment.p for j in judgements], priors)
    return {"training": dict(priors), "true": true, "estimated": estimated}


Rows = Sequence[tuple[Judgement, Told]]


def _grouped(rows: Rows, key: Callable[[Told], str | None]) -> dict[str, dict[str, Any]]:
    groups: dict[str, list[Judgement]] = defaultdict(list)
    for judgement, told in rows:
        name = key(told)
        if name is not None:
            groups[name].append(judgement)
    return {name: _figures(groups[name]) for name in sorted(groups)}


def _figures(rows: Sequence[Judgement]) -> dict[str, Any]:
    n = len(rows)
    hits = sum(j.assessment.label is j.truth for j in rows)
    police = [j for j in rows if j.truth is Label.POLICE]
    away = sum(j.assessment.route in {Route.MEDIATE, Route.SERVICE} for j in police)
    figures = {"n": n, "accuracy": round(hits / n, 4), "accuracy_95": _interval(hits, n)}
    if police:
        bound = round(upper95(away, len(police)), 4)
        figures |= {"police": len(police), "handed_on": away, "handed_on_upper95": bound}
    return figures


def _category_accuracy(rows: Rows) -> dict[str, Any]:
    known = [(j, t) for j, t in rows if t.category is not None]
    hits = sum(j.assessment.category == t.category for j, t in known)
    share = round(hits / len(known), 4) if known else 0.0
    return {"n": len(known), "share": share, "share_95": _interval(hits, len(known))}


def _doubts(judgements: Sequence[Judgement]) -> dict[str, dict[str, int]]:
    """Each doubt: how often, and how often the label was wrong then."""
    found: dict[str, list[bool]] = defaultdict(list)
    for j in judgements:
        for doubt in j.assessment.doubt:
            found[doubt].append(j.assessment.label is not j.truth)
    return {d: {"n": len(rows), "wrong": sum(rows)} for d, rows in sorted(found.items())}


def _miss(judgement: Judgement, told: Told) -> dict[str, Any]:
    given = judgement.assessment
    return {
        "id": given.id,
        "truth": str(judgement.truth),
        "label": str(given.label),
        "route": str(given.route),
        "p": {str(k): round(given.p[k], 3) for k in LABELS},
        "category": given.category,
        "hard": told.hard,
    }


def _interval(hits: int, n: int) -> list[float]:
    return [round(bound, 4) for bound in wilson(hits, n)]
