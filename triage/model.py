"""A model as triage sees it, and the linear one: an ONNX file and the terms that explain it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count, pairwise
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
    """Logistic on words and characters. Thread-safe.

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

    def probabilities(self, read: Sequence[Read]) -> tuple[Any, Any]:
        """Label and category probabilities, arrays of (texts, labels) and (texts, leaves)."""
        found = [self._session.run(["labels", "categories"], text.feed()) for text in read]
        labels, leaves = zip(*found, strict=True)
        return np.concatenate(labels), np.concatenate(leaves)

    def read(self, texts: Sequence[str]) -> list[Read]:
        segmented = (self._segmenter.segment(text) for text in texts)
        return [Read(parts, tuple(self._terms.occurrences(parts))) for parts in segmented]

    def scored(self, texts: Sequence[str]) -> tuple[Any, Any, list[Read]]:
        """Log-probabilities of labels and leaves, and the texts as they were read."""
        read = self.read(texts)
        labels, leaves = self.probabilities(read)
        return _log(labels), _log(leaves), read

    def judged(
        self,
        texts: Sequence[str],
        read: Sequence[Read],
        p: Sequence[list[float]],
        leaves: Sequence[list[float]],
    ) -> list[Judged]:
        """Verdicts with these probabilities, explained by this model's words."""
        rows = zip(texts, read, p, leaves, strict=True)
        return [self._judged(*row) for row in rows]

    def _judge_batch(self, texts: Sequence[str]) -> list[Judged]:
        read = self.read(texts)
        labels, leaves = self.probabilities(read)
        return self.judged(texts, read, labels.tolist(), leaves.tolist())

    def _judged(self, text: str, read: Read, p: list[float], leaves: list[float]) -> Judged:
        """What the linear part makes of one text; ``explain`` gives the words of any label."""
        by_label = dict(zip(LABELS, p, strict=True))
        best = max(range(len(LABELS)), key=p.__getitem__)
        reasons, score = self._terms.explain(text, read, best)
        parts = read.parts
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
        labels, _ = self.probabilities(self.read([row["text"] for row in rows]))
        expected = [[row.get("linear", row["p"])[label] for label in LABELS] for row in rows]
        if not rows or float(np.abs(labels - np.array(expected)).max()) > GOLDEN_TOLERANCE:
            raise ArtefactRefused(file.parent.name, f"it does not repeat {file.name}")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Row ``row`` of the model's tables, once in the text: its share ``value`` of the row's tf-idf
    and the ``places`` of the characters that share it."""

    row: int
    value: float
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """A text cut up, and what the model knows of it."""

    parts: Segmented
    known: tuple[Occurrence, ...]

    def feed(self) -> dict[str, Any]:
        """The inputs of the exported model: ``rows`` and ``values``, of one length."""
        rows = np.array([one.row for one in self.known], dtype=np.int64)
        values = np.array([one.value for one in self.known], dtype=np.float32)
        return {"rows": rows, "values": values}


@dataclass(frozen=True, slots=True)
class Terms:
    """The model's vocabulary: term -> row by field, and (rows, 1 + labels) numbers: inverse
    document frequency and the weight of each label."""

    bias: tuple[float, ...]
    fields: Mapping[str, Mapping[str, int]]
    numbers: Any

    @classmethod
    def parse(cls, text: str) -> Terms:
        data = json.loads(text)
        numbers = [row for field in _FIELDS for row in data[field].values()]
        places = count()
        fields = {field: dict(zip(data[field], places)) for field in _FIELDS}  # noqa: B905
        return cls(tuple(data["bias"]), fields, np.array(numbers, dtype=np.float32))

    def unknown_share(self, parts: Segmented) -> float:
        """Share of the words that training never kept; 0 for a text without words."""
        known = self.fields["words"]
        unknown = sum(token.text not in known for token in parts.words)
        return unknown / len(parts.words) if parts.words else 0.0

    def occurrences(self, parts: Segmented) -> Iterator[Occurrence]:
        """Each known word, concept, character and pair of characters, as TF-IDF weighs it."""
        words = [(token.text, (token.start,)) for token in (*parts.words, *parts.concepts)]
        chars = parts.characters
        grams: list[tuple[str, tuple[int, ...]]] = [(t.text, (t.start,)) for t in chars]
        grams += [(f"{a.text} {b.text}", (a.start, b.start)) for a, b in pairwise(chars)]
        for field, found in (("words", words), ("characters", grams)):
            yield from self._valued(field, found)

    def _valued(
        self, field: str, grams: Sequence[tuple[str, tuple[int, ...]]]
    ) -> Iterator[Occurrence]:
        known = self.fields[field]
        found = [(known[key], places) for key, places in grams if key in known]
        counts = Counter(row for row, _ in found)
        idf = {row: float(self.numbers[row, 0]) for row in counts}
        norm = sqrt(sum((n * idf[row]) ** 2 for row, n in counts.items()))
        for row, places in found:
            yield Occurrence(row, idf[row] / norm, places)

    def explain(self, text: str, read: Read, label: int) -> tuple[tuple[Reason, ...], float]:
        """What each word adds to the label's score, and the score; a pair of characters is shared
        by both."""
        words = read.parts.words
        weights = [0.0] * len(words)
        owner = {at: i for i, token in enumerate(words) for at in range(token.start, token.end)}
        rows = [one.row for one in read.known]
        for one, weight in zip(read.known, self.numbers[rows, 1 + label].tolist(), strict=True):
            for place in one.places:
                weights[owner[place]] += one.value * weight / len(one.places)
        reasons = tuple(
            Reason(text[token.start : token.end], weight, token.start, token.end)
            for token, weight in zip(words, weights, strict=True)
        )
        return reasons, self.bias[label] + sum(weights)


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
