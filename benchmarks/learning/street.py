"""A street in simulation: the corpus as its reports, words-only models so that many fits are quick.

A model here is the words part alone (TF-IDF of words, logistic regression): its figures are lower
than the shipped model's, what is compared is the order in which people label.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from triage.cues import Lexicon
from triage.segmenter import Segmenter
from triage.shipped import datasets_dir, lexicon_text
from triage.taxonomy import LABELS, Label
from triage.training.corpus import Example, read_corpus
from triage.triager import cues_of

STREET = ("call-taker-records", "phone-speech", "county-desk", "radio-hosts", "brief-incidents")
"""Briefs that sound like a street's own line; the others are what a street starts from."""
UNSEEN = ("calling-for-others", "reported-speech", "seed-pilot-first-person", "newsroom-leads")
"""Briefs nobody learns from."""
POLICE = LABELS.index(Label.POLICE)


@dataclass(frozen=True)
class Texts:
    """All rows of the corpus, segmented once; ``y`` are numbers of labels."""

    examples: Sequence[Example]
    lines: Sequence[str]
    y: Any
    grave: Sequence[bool]

    @classmethod
    def read(
        cls, every: int = 1, *, whole: Iterable[str] = (), more: tuple[str, Path] | None = None
    ) -> Texts:
        """``every`` 3 takes each third row, for a quick look, but all of the briefs ``whole``;
        ``more`` is a brief's name and a file of texts to measure on."""
        read, kept = read_corpus(datasets_dir() / "corpus"), set(whole)
        examples = [e for i, e in enumerate(read) if i % every == 0 or e.brief in kept]
        if more is not None:
            lines = more[1].read_text(encoding="utf-8").splitlines()
            rows = [json.loads(line) for line in lines]
            examples += [Example(row["text"], Label(row["label"]), None, more[0]) for row in rows]
        segmenter, lexicon = Segmenter(), Lexicon.parse(lexicon_text())
        lines = [segmenter.segment(example.text).words_line for example in examples]
        y = np.array([LABELS.index(example.label) for example in examples])
        grave = [any(c.in_force for c in cues_of(e.text, lexicon)) for e in examples]
        return cls(examples, lines, y, grave)

    def of(self, briefs: Iterable[str]) -> list[int]:
        wanted = set(briefs)
        return [i for i, example in enumerate(self.examples) if example.brief in wanted]


@dataclass(frozen=True)
class Words:
    """A fitted model of words."""

    vectorizer: Any
    model: Any

    @classmethod
    def fit(cls, texts: Texts, rows: Sequence[int], y: Any) -> Words:
        """``y`` are the labels as people said them, one for each of ``rows``."""
        vectorizer = TfidfVectorizer(lowercase=False, token_pattern="[^ ]+", min_df=2)
        features = vectorizer.fit_transform([texts.lines[i] for i in rows])
        return cls(vectorizer, LogisticRegression(C=10, max_iter=60).fit(features, y))

    def p(self, texts: Texts, rows: Sequence[int]) -> Any:
        """Probabilities, columns in the order of the taxonomy."""
        found = np.zeros((len(rows), len(LABELS)))
        features = self.vectorizer.transform([texts.lines[i] for i in rows])
        found[:, self.model.classes_] = self.model.predict_proba(features)
        return found

    def unknown_share(self, line: str) -> float:
        words = line.split()
        return sum(w not in self.vectorizer.vocabulary_ for w in words) / max(1, len(words))


def figures(model: Words, texts: Texts, rows: Sequence[int]) -> dict[str, float]:
    """Accuracy, macro-F1 and recall of police of ``rows``."""
    return shares(model.p(texts, rows).argmax(axis=1), texts.y[list(rows)])


def shares(said: Any, truth: Any) -> dict[str, float]:
    """The same of labels said and true."""
    f1 = []
    for label in range(len(LABELS)):
        hit = int(((said == label) & (truth == label)).sum())
        f1.append(2 * hit / max(1, int((said == label).sum() + (truth == label).sum())))
    police = truth == POLICE
    return {
        "accuracy": float((said == truth).mean()),
        "macro_f1": sum(f1) / len(f1),
        "police_recall": float((said[police] == POLICE).mean()),
    }


def noisy(truth: int, share: float, dice: random.Random) -> int:
    """A person's word: wrong with probability ``share``, then one of the other labels."""
    if dice.random() >= share:
        return truth
    return dice.choice([label for label in range(len(LABELS)) if label != truth])


def mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(sum(row[name] for row in rows) / len(rows), 4) for name in rows[0]}
