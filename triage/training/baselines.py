"""Models to stand beside ours in the same run, so that every figure has a neighbour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from triage.assessment import Assessment
from triage.cues import Lexicon
from triage.segmenter import Segmenter
from triage.taxonomy import LABELS, Label, Route
from triage.training.breakdown import auc
from triage.training.corpus import Example
from triage.training.evaluate import Judgement, metrics
from triage.training.fit import columns, fit_words
from triage.triager import cues_of

_SURE = 0.9
_CIVIL = ("纠纷", "欠", "赔", "退", "房东", "物业", "邻居", "老板", "离婚", "工资", "漏水", "押金")

Judge = Callable[[Sequence[str]], list[Mapping[Label, float]]]


def baselines(
    texts: Sequence[str],
    truths: Sequence[Label],
    corpus: Sequence[Example],
    segmenter: Segmenter,
    lexicon: Lexicon,
) -> list[dict[str, Any]]:
    """Figures of the majority label, of keyword rules and of a word model on these texts."""
    judges: dict[str, Judge] = {
        "majority": majority(corpus),
        "keyword rules": lambda given: [by_keywords(text, lexicon) for text in given],
        "TF-IDF words, logistic": word_model(corpus, segmenter),
    }
    return [figures_of(name, judge(texts), truths) for name, judge in judges.items()]


def majority(corpus: Sequence[Example]) -> Judge:
    """Says of every text the training shares."""
    counts = Counter(example.label for example in corpus)
    shares = {label: counts[label] / len(corpus) for label in LABELS}
    return lambda given: [shares for _ in given]


def by_keywords(text: str, lexicon: Lexicon) -> Mapping[Label, float]:
    """Police if a cue is in force, dispute if a civil word stands there, service otherwise."""
    if any(cue.in_force for cue in cues_of(text, lexicon)):
        return _sure(Label.POLICE)
    return _sure(Label.DISPUTE if any(word in text for word in _CIVIL) else Label.SERVICE)


def word_model(corpus: Sequence[Example], segmenter: Segmenter) -> Judge:
    """jieba's words and a logistic regression, nothing else."""
    predict = fit_words(corpus, segmenter)

    def judge(given: Sequence[str]) -> list[Mapping[Label, float]]:
        rows = predict(columns([segmenter.segment(text) for text in given]))
        return [dict(zip(LABELS, row, strict=True)) for row in rows.tolist()]

    return judge


def _sure(label: Label) -> Mapping[Label, float]:
    rest = (1 - _SURE) / (len(LABELS) - 1)
    return {other: _SURE if other is label else rest for other in LABELS}


def figures_of(
    name: str, probabilities: Sequence[Mapping[Label, float]], truths: Sequence[Label]
) -> dict[str, Any]:
    """The figures every baseline is compared by."""
    judged = []
    for number, (p, truth) in enumerate(zip(probabilities, truths, strict=True)):
        label = max(LABELS, key=lambda one: p[one])
        given = Assessment(str(number), label, Route.REVIEW, p, "", (), (), (), (), name)
        judged.append(Judgement(truth, given))
    figures = metrics(judged, name)
    kept = ("model", "n", "accuracy", "macro_f1", "police_recall", "brier", "ece")
    return {**{key: figures[key] for key in kept}, "police_auc": round(auc(judged), 4)}
