"""A model as triage sees it, and the linear one: an ONNX file and the terms that explain it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from triage.artefact import Manifest, open_session, read_manifest, verify_files
from triage.assessment import Reason
from triage.errors import ArtefactRefused
from triage.segmenter import Segmented, Segmenter
from triage.taxonomy import CATEGORIES, LABELS, Label, label_of

MODEL_FILE = "model.onnx"
TERMS_FILE = "terms.json"
GOLDEN_FILE = "golden.jsonl"
KIND = "linear"
GOLDEN_TOLERANCE = 1e-4
_BATCH = 256
_CATEGORIES_SHOWN = 3
_FIELDS = ("words", "characters")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model says of one text. ``categories`` belong to the likeliest label, best first,
    and are shares among that label's leaves; ``reasons`` cover the whole text in order and, with
    ``bias``, add up to ``score``, the label's natural-log odds before normalising."""

    p: Mapping[Label, float]
    categories: tuple[tuple[str, float], ...]
    reasons: tuple[Reason, ...]
    bias: float
    score: float
    n_chars: int
    unknown_share: float

    @property
    def label(self) -> Label:
        return max(LABELS, key=lambda label: self.p[label])


class Model(Protocol):
    """Texts in, judgements out; whatever is inside."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def complete(self) -> bool:
        """False when a part of it is missing and less than what was measured serves."""
        ...

    def judge(self, texts: Sequence[str]) -> list[Judged]: ...


class LinearModel:
    """Logistic on words and characters. Thread-safe; about half a millisecond a text.

    It also serves for an artefact of another kind whose encoder is not there; ``complete`` is
    false then.
    """

    def __init__(
        self, manifest: Manifest, session: Any, terms: Terms, segmenter: Segmenter
    ) -> None:
        self.manifest = manifest
        self._session = session
        self._terms = terms
        self._segmenter = segmenter

    @classmethod
    def open(cls, path: Path, segmenter: Segmenter) -> LinearModel:
        """Load and check an artefact; ``ArtefactRefused`` names the file at fault."""
        manifest = read_manifest(path)
        verify_files(path, manifest)
        try:
            session = open_session(path / MODEL_FILE)
            terms = Terms.parse((path / TERMS_FILE).read_text(encoding="utf-8"))
        except Exception as error:  # onnxruntime raises its own kinds
            raise ArtefactRefused(path.name, f"it does not load ({type(error).__name__})") from None
        model = cls(manifest, session, terms, segmenter)
        model._check_golden(path / GOLDEN_FILE)
        return model

    @property
    def complete(self) -> bool:
        return self.manifest.kind == KIND

    def judge(self, texts: Sequence[str]) -> list[Judged]:
        judged: list[Judged] = []
        for start in range(0, len(texts), _BATCH):
            judged += self._judge_batch(texts[start : start + _BATCH])
        return judged

    def probabilities(self, segmented: Sequence[Segmented]) -> tuple[Any, Any]:
        """Label and category probabilities, arrays of (texts, labels) and (texts, leaves)."""
        words = np.array([[text.words_line] for text in segmented], dtype=object)
        characters = np.array([[text.characters_line] for text in segmented], dtype=object)
        feed = {"words": words, "characters": characters}
        labels, leaves = self._session.run(["labels", "categories"], feed)
        return labels, leaves

    def scored(self, texts: Sequence[str]) -> tuple[Any, Any, list[Segmented]]:
        """Log-probabilities of labels and leaves, and the texts cut up."""
        segmented = [self._segmenter.segment(text) for text in texts]
        labels, leaves = self.probabilities(segmented)
        return _log(labels), _log(leaves), segmented

    def judged(
        self,
        texts: Sequence[str],
        segmented: Sequence[Segmented],
        p: Sequence[list[float]],
        leaves: Sequence[list[float]],
    ) -> list[Judged]:
        """Verdicts with these probabilities, explained by this model's words."""
        rows = zip(texts, segmented, p, leaves, strict=True)
        return [self._judged(*row) for row in rows]

    def _judge_batch(self, texts: Sequence[str]) -> list[Judged]:
        segmented = [self._segmenter.segment(text) for text in texts]
        labels, leaves = self.probabilities(segmented)
        return self.judged(texts, segmented, labels.tolist(), leaves.tolist())

    def _judged(self, text: str, parts: Segmented, p: list[float], leaves: list[float]) -> Judged:
        """What the linear part makes of one text; ``explain`` gives the words of any label."""
        by_label = dict(zip(LABELS, p, strict=True))
        best = max(range(len(LABELS)), key=p.__getitem__)
        reasons, score = self._terms.explain(text, parts, best)
        return Judged(
            by_label,
            within(LABELS[best], leaves),
            reasons,
            self._terms.bias[best],
            score,
            sum(token.end - token.start for token in parts.characters),
            self._terms.unknown_share(parts),
        )

    def _check_golden(self, file: Path) -> None:
        """An artefact must repeat the predictions it was shipped with."""
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        labels, _ = self.probabilities([self._segmenter.segment(row["text"]) for row in rows])
        expected = [[row.get("linear", row["p"])[label] for label in LABELS] for row in rows]
        if not rows or float(np.abs(labels - np.array(expected)).max()) > GOLDEN_TOLERANCE:
            raise ArtefactRefused(file.parent.name, f"it does not repeat {file.name}")


@dataclass(frozen=True, slots=True)
class Terms:
    """The model's vocabulary: term -> (inverse document frequency, weight of each label)."""

    bias: tuple[float, ...]
    fields: Mapping[str, Mapping[str, tuple[float, ...]]]

    @classmethod
    def parse(cls, text: str) -> Terms:
        data = json.loads(text)
        fields = {
            field: {term: tuple(row) for term, row in data[field].items()} for field in _FIELDS
        }
        return cls(tuple(data["bias"]), fields)

    def unknown_share(self, parts: Segmented) -> float:
        """Share of the words that training never kept; 0 for a text without words."""
        known = self.fields["words"]
        unknown = sum(token.text not in known for token in parts.words)
        return unknown / len(parts.words) if parts.words else 0.0

    def explain(self, text: str, parts: Segmented, label: int) -> tuple[tuple[Reason, ...], float]:
        """What each word adds to the label's score, and the score."""
        weights = [0.0] * len(parts.words)
        owner = {
            at: i for i, token in enumerate(parts.words) for at in range(token.start, token.end)
        }
        for place, weight in self._contributions(parts, label):
            weights[owner[place]] += weight
        reasons = tuple(
            Reason(text[token.start : token.end], weight, token.start, token.end)
            for token, weight in zip(parts.words, weights, strict=True)
        )
        return reasons, self.bias[label] + sum(weights)

    def _contributions(self, parts: Segmented, label: int) -> Iterator[tuple[int, float]]:
        """(place in the text, share of the score); a pair of characters is shared by both."""
        words = [(token.text, token.start) for token in (*parts.words, *parts.concepts)]
        for _, place, weight in _known(words, self.fields["words"], label):
            yield place, weight
        chars = parts.characters
        grams = [(token.text, at) for at, token in enumerate(chars)]
        grams += [(f"{a.text} {b.text}", at) for at, (a, b) in enumerate(pairwise(chars))]
        for key, at, weight in _known(grams, self.fields["characters"], label):
            if " " in key:
                yield chars[at].start, weight / 2
                yield chars[at + 1].start, weight / 2
            else:
                yield chars[at].start, weight


def _known(
    grams: Sequence[tuple[str, int]], known: Mapping[str, tuple[float, ...]], label: int
) -> Iterator[tuple[str, int, float]]:
    """Each known gram with its place and share of the score: tf-idf of length 1, weighed."""
    counts = Counter(key for key, _ in grams if key in known)
    norm = sqrt(sum((n * known[key][0]) ** 2 for key, n in counts.items()))
    for key, place in grams:
        entry = known.get(key)
        if entry is not None:
            yield key, place, entry[0] * entry[1 + label] / norm


def _log(p: Any) -> Any:
    return np.log(np.clip(p, 1e-9, 1.0))


def within(label: Label, leaves: Sequence[float]) -> tuple[tuple[str, float], ...]:
    own = [(CATEGORIES[at], leaves[at]) for at in _leaves_of(label)]
    total = sum(p for _, p in own) or 1.0
    ranked = sorted(own, key=lambda pair: -pair[1])[:_CATEGORIES_SHOWN]
    return tuple((name, p / total) for name, p in ranked)


@cache
def _leaves_of(label: Label) -> tuple[int, ...]:
    return tuple(at for at, name in enumerate(CATEGORIES) if label_of(name) is label)
