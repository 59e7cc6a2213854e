"""The encoder's model: words and meaning judge together.

A label's score is ``words x the linear score + meaning x the kernel score + bias``, its
probabilities the softmax over the three; the factors are fitted on held-out texts and stored in
the manifest. The reasons stay true sums: each word's part of the linear score, scaled, and one
entry for the meaning of the whole.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from triage.artefact import Manifest, open_session, read_manifest, verify_files
from triage.assessment import Reason
from triage.encoder import Encoder, find_encoder
from triage.errors import ArtefactRefused
from triage.model import GOLDEN_FILE, Judged, LinearModel, Model
from triage.segmenter import Segmenter
from triage.taxonomy import LABELS

KIND = "encoded"
HEADS_FILE = "heads.onnx"
WHOLE = "整体语义"
"""The reason that stands for the encoder's part of the score; it has no place of its own."""
GOLDEN_SLACK = 0.03
"""Integer arithmetic differs between processors; the checksums are what finds a changed file."""
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Mix:
    """How the two parts make one score. ``bias`` is by label, ``leaf_words`` the weight of the
    linear model's log-probability of a leaf beside the kernel's."""

    words: float
    meaning: float
    bias: tuple[float, ...]
    leaf_words: float
    leaf_meaning: float

    def labels(self, words: Any, meaning: Any) -> Any:
        """Label scores (texts, 3) of log-probabilities by words and kernel scores."""
        return self.words * words + self.meaning * meaning + np.array(self.bias)

    def leaves(self, words: Any, meaning: Any) -> Any:
        return softmax(self.leaf_words * words + self.leaf_meaning * meaning)


class EncodedModel:
    """Thread-safe. Opens beside its encoder; see ``open_model`` for what serves without it."""

    complete = True

    def __init__(
        self, manifest: Manifest, linear: LinearModel, encoder: Encoder, heads: Any, mix: Mix
    ) -> None:
        self.manifest = manifest
        self._linear = linear
        self._encoder = encoder
        self._heads = heads
        self._mix = mix

    @classmethod
    def open(
        cls, path: Path, segmenter: Segmenter, encoder: Path, *, shared: Encoder | None = None
    ) -> EncodedModel:
        """Load and check; ``ArtefactRefused`` names the file at fault. ``shared`` is an encoder in
        memory: it serves this model too when it is the one that the manifest names."""
        manifest = read_manifest(path)
        verify_files(path, manifest)
        same = shared is not None and shared.sha256 == manifest.facts["encoder"]["sha256"]
        opened = shared if shared is not None and same else Encoder.open(encoder)
        if opened.sha256 != manifest.facts["encoder"]["sha256"]:
            raise ArtefactRefused(path.name, f"the encoder {opened.name} is not the one it had")
        try:
            mix = mix_of(manifest)
            heads = open_session(path / HEADS_FILE)
        except Exception as error:  # onnxruntime raises its own kinds
            raise ArtefactRefused(path.name, f"it does not load ({type(error).__name__})") from None
        model = cls(manifest, LinearModel.open(path, segmenter), opened, heads, mix)
        model._check_golden(path / GOLDEN_FILE)
        return model

    def judge(self, texts: Sequence[str]) -> list[Judged]:
        judged: list[Judged] = []
        for start in range(0, len(texts), _BATCH):
            judged += self._judge_batch(texts[start : start + _BATCH])
        return judged

    @property
    def encoder(self) -> Encoder:
        return self._encoder

    def vectors(self, texts: Sequence[str]) -> Any:
        """The encoder's vectors, (texts, hidden)."""
        return self._encoder.vectors(texts)

    def probabilities(self, texts: Sequence[str]) -> Any:
        """Label probabilities (texts, 3), for checks; ``judge`` has the reasons too."""
        words, _, _ = self._linear.scored(texts)
        return softmax(self._mix.labels(words, self._meaning(texts)[0]))

    def _meaning(self, texts: Sequence[str]) -> tuple[Any, Any]:
        found = self._heads.run(["labels", "leaves"], {"vectors": self._encoder.vectors(texts)})
        return found[0], found[1]

    def _judge_batch(self, texts: Sequence[str]) -> list[Judged]:
        words, leaf_words, read = self._linear.scored(texts)
        meaning, leaf_meaning = self._meaning(texts)
        p = softmax(self._mix.labels(words, meaning)).tolist()
        leaves = self._mix.leaves(leaf_words, leaf_meaning).tolist()
        judged = self._linear.judged(texts, read, p, leaves)
        return [
            self._with_meaning(verdict, scores)
            for verdict, scores in zip(judged, meaning.tolist(), strict=True)
        ]

    def _with_meaning(self, judged: Judged, meaning: list[float]) -> Judged:
        best, mix = LABELS.index(judged.label), self._mix
        whole = Reason(WHOLE, mix.meaning * meaning[best], 0, 0)
        words = tuple(replace(r, weight=r.weight * mix.words) for r in judged.reasons)
        return replace(
            judged,
            reasons=(*words, whole),
            bias=judged.bias * mix.words + mix.bias[best],
            score=judged.score * mix.words + mix.bias[best] + whole.weight,
        )

    def _check_golden(self, file: Path) -> None:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        found = self.probabilities([row["text"] for row in rows])
        expected = np.array([[row["p"][label] for label in LABELS] for row in rows])
        if float(np.abs(found - expected).max()) > GOLDEN_SLACK:
            raise ArtefactRefused(file.parent.name, f"it does not repeat {file.name}")


def open_model(
    path: Path, segmenter: Segmenter, folders: Sequence[Path], *, shared: Encoder | None = None
) -> Model:
    """The artefact's model with its encoder, ``shared`` or from the first of ``folders`` that has
    it; without the encoder its linear part alone, which is not ``complete``."""
    manifest = read_manifest(path)
    if manifest.kind != KIND:
        return LinearModel.open(path, segmenter)
    encoder = find_encoder(str(manifest.facts["encoder"]["name"]), folders)
    if encoder is None:
        return LinearModel.open(path, segmenter)
    return EncodedModel.open(path, segmenter, encoder, shared=shared)


def mix_of(manifest: Manifest) -> Mix:
    """The factors as the manifest has them; ``KeyError`` or ``TypeError`` when it has not."""
    facts = manifest.facts["mix"]
    return Mix(**{**facts, "bias": tuple(facts["bias"])})


def softmax(scores: Any) -> Any:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
