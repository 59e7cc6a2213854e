"""Learning curve of a street: corrections come as its own reports do, a tenth of them wrong.

The model starts from the written briefs. The street's texts arrive in random order; each is judged
by the model of that moment, and a person's word is kept for what a person looks at anyway:
everything whose two likeliest labels are close, every cue against the model, a tenth of the rest.
After each 200 words the model is fitted again on everything.

Measured on a third of the street's texts that never arrives, on briefs nobody learns from and, with
`--real FILE` (JSON Lines with text and label), on real cases, which are never learnt from. With
`--vectors FILE` words and meaning judge together as the shipped model does, by fixed factors; the
encoder's vectors are made once and kept in that file.

Example: nice python benchmarks/learning/curve.py --seeds 5 --every 4 --vectors /tmp/vectors.npz
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from street import POLICE, STREET, UNSEEN, Texts, Words, mean, noisy, shares

from triage.encoder import Encoder
from triage.shipped import models_dir
from triage.taxonomy import LABELS
from triage.training.heads import WORDS, KernelHead, fit_kernel

EVERY, CLOSE, LOOKED_AT = 200, 0.25, 0.10
MEANING = 6.0
"""The factor of the kernel's scores, near what the shipped model fitted."""
REAL = "real"


@dataclass(frozen=True)
class Judge:
    """Words, and meaning beside them where there are vectors."""

    words: Words
    kernel: KernelHead | None
    vectors: Any

    @classmethod
    def fit(cls, texts: Texts, rows: Sequence[int], y: Any, vectors: Any) -> Judge:
        words = Words.fit(texts, rows, y)
        kernel = None if vectors is None else fit_kernel(vectors[rows], np.eye(len(LABELS))[y])
        return cls(words, kernel, vectors)

    def p(self, texts: Texts, rows: Sequence[int]) -> Any:
        p = self.words.p(texts, rows)
        if self.kernel is None:
            return p
        meaning = self.kernel.scores(self.vectors[list(rows)])
        powers = np.exp(WORDS * np.log(p.clip(1e-9)) + MEANING * meaning)
        return powers / powers.sum(axis=1, keepdims=True)


def vectors_of(texts: Texts, file: Path) -> Any:
    """One vector a text, from ``file`` where it holds these very texts."""
    told = [example.text for example in texts.examples]
    key = sha256("\0".join(told).encode()).hexdigest()
    if file.exists():
        kept = np.load(file)
        if str(kept["key"]) == key:
            return kept["vectors"]
    (folder, *_) = sorted((models_dir() / "encoders").iterdir(), reverse=True)
    encoder = Encoder.open(folder)
    parts = [encoder.vectors(told[at : at + 256]) for at in range(0, len(told), 256)]
    np.savez(file, key=key, vectors=np.concatenate(parts))
    return np.concatenate(parts)


def run(texts: Texts, seed: int, noise: float, vectors: Any) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    unseen, street, real = texts.of(UNSEEN), texts.of(STREET), texts.of([REAL])
    written = sorted(set(range(len(texts.lines))) - {*unseen, *street, *real})
    dice.shuffle(street)
    kept_back, arriving = street[: len(street) // 3], street[len(street) // 3 :]
    tests = {"street": kept_back, "unseen briefs": unseen} | ({"real cases": real} if real else {})
    rows, said = list(written), [int(y) for y in texts.y[written]]
    words = arrived = 0
    measured: list[dict[str, Any]] = []
    while True:
        judge = Judge.fit(texts, rows, np.array(said), vectors)
        for name, test in tests.items():
            found = shares(judge.p(texts, test).argmax(axis=1), texts.y[test])
            measured.append({"words": words, "on": name, "figures": found | {"arrived": arrived}})
        if arrived >= len(arriving):
            return measured
        looked, arrived = _looked_at(texts, judge, arriving, arrived, dice)
        rows += looked
        said += [noisy(int(texts.y[i]), noise, dice) for i in looked]
        words += len(looked)


def _looked_at(
    texts: Texts, judge: Judge, arriving: Sequence[int], at: int, dice: random.Random
) -> tuple[list[int], int]:
    """The next 200 reports a person has a word on, and how far the street's day has gone."""
    p = judge.p(texts, arriving[at:])
    looked: list[int] = []
    for number, (i, own) in enumerate(zip(arriving[at:], p, strict=True), 1):
        first, second = sorted(own.tolist(), reverse=True)[:2]
        against = texts.grave[i] and own.argmax() != POLICE
        if first - second < CLOSE or against or dice.random() < LOOKED_AT:
            looked.append(i)
        if len(looked) == EVERY:
            return looked, at + number
    return looked, len(arriving)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="take each so-manyth written row")
    parser.add_argument("--real", type=Path, help="real cases to measure on")
    parser.add_argument("--vectors", type=Path, help="judge with the encoder; its vectors' file")
    parser.add_argument("--noise", type=float, nargs="+", default=[0.0, 0.1])
    told = parser.parse_args()
    began = perf_counter()
    texts = Texts.read(told.every, whole=STREET, more=told.real and (REAL, told.real))
    vectors = vectors_of(texts, told.vectors) if told.vectors else None
    for noise in told.noise:
        runs = [run(texts, seed, noise, vectors) for seed in range(told.seeds)]
        for number in range(min(len(one) for one in runs)):
            own = [one[number] for one in runs]
            line: dict[str, Any] = {"noise": noise, "on": own[0]["on"]}
            line["words"] = round(sum(one["words"] for one in own) / len(own))
            line |= mean([one["figures"] for one in own])
            accuracies = [one["figures"]["accuracy"] for one in own]
            line["accuracy_spread"] = [round(min(accuracies), 4), round(max(accuracies), 4)]
            print(json.dumps(line), flush=True)
    print(json.dumps({"seeds": told.seeds, "texts": len(texts.lines),
                      "seconds": round(perf_counter() - began)}))  # fmt: skip


if __name__ == "__main__":
    main()
