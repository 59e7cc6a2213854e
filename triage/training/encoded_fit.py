"""Fit what stands beside the linear model when there is an encoder: kernel head and mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from triage.encoded import Mix, softmax
from triage.encoder import Encoder
from triage.taxonomy import LABELS
from triage.training.corpus import CORRECTION_BRIEF, Example
from triage.training.fit import OutOfFold
from triage.training.heads import KernelHead, fit_kernel, fit_mix, held_out_scores, targets
from triage.training.split import honest_folds

_FLOOR = 1e-9
_FEWEST = 300
"""Below so many texts the encoder never saw, all held-out texts count; the manifest says so."""


@dataclass(frozen=True)
class Encoded:
    """The fitted parts, held-out probabilities of every text, and which of them are ``honest``:
    neither the heads nor the encoder's tuning saw the text's brief."""

    encoder: Encoder
    head: KernelHead
    mix: Mix
    p: Any
    honest: Any

    def probabilities(self, words: Any, vectors: Any) -> Any:
        """Label probabilities of texts by their linear probabilities and vectors."""
        meaning = self.head.scores(vectors)[:, : len(LABELS)]
        return softmax(self.mix.labels(np.log(np.clip(words, _FLOOR, 1)), meaning))


def fit_encoded(examples: Sequence[Example], encoder: Encoder, linear: OutOfFold) -> Encoded:
    """Vectors of every text, a kernel head on all of them, the mix from held-out scores."""
    vectors = encoder.vectors([example.text for example in examples])
    wanted = targets(examples)
    honest = never_seen(examples, encoder)
    scores = held_out_scores(vectors, wanted, honest_folds(examples, honest.tolist()))
    cut = len(LABELS)
    words = np.log(np.clip(linear.p, _FLOOR, 1))
    leaf_words = np.log(np.clip(linear.leaves, _FLOOR, 1))
    seen = honest & (linear.leaves.sum(axis=1) > 0)
    leaf_rows = seen if seen.sum() >= _FEWEST else linear.leaves.sum(axis=1) > 0
    mix = fit_mix(
        words[honest],
        scores[honest, :cut],
        leaf_words[leaf_rows],
        scores[leaf_rows, cut:],
        wanted[honest, :cut],
        wanted[leaf_rows, cut:],
    )
    p = softmax(mix.labels(words, scores[:, :cut]))
    return Encoded(encoder, fit_kernel(vectors, wanted), mix, p, honest)


def never_seen(examples: Sequence[Example], encoder: Encoder) -> Any:
    """Which texts the encoder was not tuned on; corrections never were."""
    tuned = frozenset(encoder.facts.get("tuned_on", ()))
    honest = np.array([e.brief not in tuned or e.brief == CORRECTION_BRIEF for e in examples])
    return honest if honest.sum() >= _FEWEST else np.ones(len(honest), dtype=bool)
