"""Fit what stands beside the linear model when there is an encoder: kernel head and mix."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from triage.encoded import Mix, softmax
from triage.encoder import Encoder
from triage.taxonomy import LABELS
from triage.training.corpus import CORRECTION_BRIEF, Example
from triage.training.fit import OutOfFold
from triage.training.heads import KernelHead, fit_kernel, fit_mix, held_out_scores, targets
from triage.training.progress import Progress, silent
from triage.training.split import calibrating, honest_folds

_FLOOR = 1e-9
_CHUNK = 1024
"""Texts encoded between two words of progress."""
_MOST_CORES = 4
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


def fit_encoded(
    examples: Sequence[Example],
    encoder: Encoder,
    linear: OutOfFold,
    progress: Progress | None = None,
) -> Encoded:
    """Vectors of every text, a kernel head on all of them, the mix from held-out scores."""
    progress = progress or Progress(silent, encoder=True)
    vectors = _vectors(examples, encoder, progress)
    wanted = targets(examples)
    honest = never_seen(examples, encoder)
    trust = np.array([example.weight for example in examples])
    dealt = honest_folds(examples, honest.tolist())
    parts = len(dealt) + 1
    scores = held_out_scores(
        vectors, wanted, dealt, lambda done: progress.at("heads", done, parts), trust
    )
    progress.at("heads", parts - 1, parts)
    cut = len(LABELS)
    words = np.log(np.clip(linear.p, _FLOOR, 1))
    leaf_words = np.log(np.clip(linear.leaves, _FLOOR, 1))
    seen = honest & (linear.leaves.sum(axis=1) > 0)
    leaf_rows = seen if seen.sum() >= _FEWEST else linear.leaves.sum(axis=1) > 0
    calibrates = np.array(calibrating(examples, honest.tolist()))
    mix = fit_mix(
        words[calibrates],
        scores[calibrates, :cut],
        leaf_words[leaf_rows],
        scores[leaf_rows, cut:],
        wanted[calibrates, :cut],
        wanted[leaf_rows, cut:],
    )
    p = softmax(mix.labels(words, scores[:, :cut]))
    return Encoded(encoder, fit_kernel(vectors, wanted, trust), mix, p, honest)


def _vectors(examples: Sequence[Example], encoder: Encoder, progress: Progress) -> Any:
    """On every core: a run holds one, and a chunk's vectors do not depend on its neighbours."""
    texts = [example.text for example in examples]
    chunks = [texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
    found = []
    pool = ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, _MOST_CORES))
    try:
        for number, vectors in enumerate(pool.map(encoder.vectors, chunks)):
            progress.at("encode", number + 1, len(chunks))
            found.append(vectors)
    finally:
        pool.shutdown(cancel_futures=True)
    return np.concatenate(found)


def never_seen(examples: Sequence[Example], encoder: Encoder) -> Any:
    """Which texts the encoder was not tuned on; corrections never were."""
    tuned = frozenset(encoder.facts.get("tuned_on", ()))
    honest = np.array([e.brief not in tuned or e.brief == CORRECTION_BRIEF for e in examples])
    return honest if honest.sum() >= _FEWEST else np.ones(len(honest), dtype=bool)
