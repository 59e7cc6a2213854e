"""Fit the linear model: two TF-IDF vectorizers, a label head, a category head, a temperature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from triage.segmenter import Segmented, Segmenter
from triage.taxonomy import CATEGORIES, LABELS
from triage.training.corpus import Example
from triage.training.progress import Progress, silent
from triage.training.split import calibrating, honest_folds

_LABEL_C = 10.0
_CATEGORY_C = 20.0
_MAX_ITERATIONS = 400
_WORD = "[^ ]+"
_LEAF_FOLD = 0
_ABSENT = -12.0
"""Score of a leaf without a single training text: known, and never likely."""


@dataclass(frozen=True)
class Head:
    """Softmax of ``features @ weights + bias``; columns in the order of the taxonomy."""

    weights: Any
    bias: Any

    def probabilities(self, features: Any) -> Any:
        return softmax(features @ self.weights + self.bias)


@dataclass(frozen=True)
class Fitted:
    """``vectorizers`` is a ColumnTransformer over the columns words and characters."""

    vectorizers: Any
    labels: Head
    categories: Head
    temperature: float
    seed: int


@dataclass(frozen=True)
class OutOfFold:
    """Calibrated label probabilities of every text by a model that never saw its brief, and leaf
    probabilities of one fold's texts (nought for the others: a head of leaves takes long)."""

    p: Any
    leaves: Any
    y: Any
    temperature: float


def columns(segmented: Sequence[Segmented]) -> Any:
    """The two text columns the vectorizers read, shape (texts, 2)."""
    return np.array([[s.words_line, s.characters_line] for s in segmented], dtype=object)


def softmax(scores: Any) -> Any:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def fit(
    examples: Sequence[Example],
    segmenter: Segmenter,
    *,
    honest: Sequence[bool] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Fitted, OutOfFold]:
    """Fit on everything; the temperature and ``OutOfFold`` come from folds by brief over the rows
    that are ``honest`` (all where nothing is said); the others' figures are nought. Where the
    corrections have a newest block, the temperature is fitted on it alone."""
    progress = progress or Progress(silent, encoder=False)
    texts = columns([segmenter.segment(example.text) for example in examples])
    y = np.array([LABELS.index(example.label) for example in examples])
    kept = np.ones(len(y), dtype=bool) if honest is None else np.array(honest, dtype=bool)
    dealt = honest_folds(examples, kept.tolist())
    scores, leaves = _held_out_scores(examples, texts, y, dealt, seed, progress)
    calibrates = np.array(calibrating(examples, kept.tolist()))
    temperature = _temperature(scores[calibrates], y[calibrates])
    progress.at("fit")
    vectorizers = _vectorizers()
    features = vectorizers.fit_transform(texts)
    head = _head(features, y, len(LABELS), _LABEL_C, seed, _weights(examples))
    calibrated = Head(head.weights / temperature, head.bias / temperature)
    fitted = Fitted(
        vectorizers, calibrated, _category_head(features, examples, seed), temperature, seed
    )
    return fitted, OutOfFold(softmax(scores / temperature), leaves, y, temperature)


def fit_words(examples: Sequence[Example], segmenter: Segmenter) -> Callable[[Any], Any]:
    """The simplest sound model, words alone, as a function of ``columns``: a baseline."""
    texts = columns([segmenter.segment(example.text) for example in examples])
    y = np.array([LABELS.index(example.label) for example in examples])
    words = _tfidf((1, 1), 2)
    head = _head(words.fit_transform(texts[:, 0]), y, len(LABELS), _LABEL_C, 0)
    return lambda given: head.probabilities(words.transform(given[:, 0]))


def _held_out_scores(
    examples: Sequence[Example],
    texts: Any,
    y: Any,
    dealt: Sequence[list[int]],
    seed: int,
    progress: Progress,
) -> tuple[Any, Any]:
    scores = np.zeros((len(y), len(LABELS)))
    leaves = np.zeros((len(y), len(CATEGORIES)))
    for number, held_out in enumerate(dealt):
        progress.at("folds", number, len(dealt))
        keep = np.ones(len(y), dtype=bool)
        keep[held_out] = False
        vectorizers = _vectorizers()
        seen = vectorizers.fit_transform(texts[keep])
        unseen = vectorizers.transform(texts[held_out])
        weights = _weights(examples)[keep]
        head = _head(seen, y[keep], len(LABELS), _LABEL_C, seed, weights)
        scores[held_out] = unseen @ head.weights + head.bias
        if number == _LEAF_FOLD:
            own = [example for example, kept in zip(examples, keep, strict=True) if kept]
            leaves[held_out] = _category_head(seen, own, seed).probabilities(unseen)
    return scores, leaves


def _category_head(features: Any, examples: Sequence[Example], seed: int) -> Head:
    rows = [i for i, example in enumerate(examples) if example.category is not None]
    leaves = np.array([CATEGORIES.index(examples[i].category or "") for i in rows])
    weights = _weights(examples)[rows]
    head = _head(features[rows], leaves, len(CATEGORIES), _CATEGORY_C, seed, weights)
    # Rounded as they will be shipped: this head is the biggest part of the file.
    return Head(head.weights.astype(np.float16).astype(np.float64), head.bias)


def _weights(examples: Sequence[Example]) -> Any:
    return np.array([example.weight for example in examples])


def _head(features: Any, y: Any, n_classes: int, c: float, seed: int, weights: Any = None) -> Head:
    """Multinomial logistic; ``weights`` of the rows' losses, all 1 where nothing is said."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=c, max_iter=_MAX_ITERATIONS, random_state=seed)
    model.fit(features, y, sample_weight=weights)
    weights = np.zeros((features.shape[1], n_classes))
    bias = np.full(n_classes, _ABSENT)
    if len(model.classes_) == 2:
        weights[:, model.classes_] = np.stack([-model.coef_[0], model.coef_[0]], axis=1) / 2
        bias[model.classes_] = np.array([-model.intercept_[0], model.intercept_[0]]) / 2
    else:
        weights[:, model.classes_] = model.coef_.T
        bias[model.classes_] = model.intercept_
    return Head(weights, bias)


def _vectorizers() -> Any:
    from sklearn.compose import ColumnTransformer

    fields = [("words", _tfidf((1, 1), 2), 0), ("characters", _tfidf((1, 2), 3), 1)]
    return ColumnTransformer(fields)


def _tfidf(ngrams: tuple[int, int], at_least: int) -> Any:
    """Raw counts and an explicit token pattern: what the exporter reproduces exactly."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        lowercase=False, token_pattern=_WORD, ngram_range=ngrams, min_df=at_least
    )


def _temperature(scores: Any, y: Any) -> float:
    """The divisor of the scores that makes the held-out texts likeliest; golden section."""
    low, high, ratio = 0.2, 8.0, (5**0.5 - 1) / 2

    def loss(temperature: float) -> float:
        p = softmax(scores / temperature)
        return float(-np.log(np.clip(p[np.arange(len(y)), y], 1e-12, 1)).mean())

    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return float((low + high) / 2)
