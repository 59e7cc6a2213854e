"""Learning curve of a street: corrections come as its own reports do, a tenth of them wrong.

The model starts from the written briefs. The street's texts arrive in random order; each is judged
by the model of that moment, and a person's word is kept for what a person looks at anyway:
everything whose two likeliest labels are close, every cue against the model, a tenth of the rest.
After each 200 words the model is fitted again on everything.

Example: nice python benchmarks/learning/curve.py --seeds 3
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from time import perf_counter

import numpy as np
from street import POLICE, STREET, UNSEEN, Texts, Words, figures, mean, noisy

EVERY, CLOSE, LOOKED_AT = 200, 0.25, 0.10


def run(texts: Texts, seed: int, noise: float, weight: int) -> list[dict[str, object]]:
    dice = random.Random(seed)
    unseen, street = texts.of(UNSEEN), texts.of(STREET)
    written = sorted(set(range(len(texts.lines))) - set(unseen) - set(street))
    dice.shuffle(street)
    kept_back, arriving = street[: len(street) // 3], street[len(street) // 3 :]
    rows, said = list(written), [int(y) for y in texts.y[written]]
    model, measured, words, arrived = Words.fit(texts, rows, np.array(said)), [], 0, 0

    def measure() -> None:
        for name, test in (("street", kept_back), ("unseen briefs", unseen)):
            found = figures(model, texts, test) | {"arrived": float(arrived)}
            measured.append({"words": words, "on": name, "figures": found})

    measure()
    while arrived < len(arriving):
        looked, arrived = _looked_at(texts, model, arriving, arrived, dice)
        for i in looked:
            rows += [i] * weight
            said += [noisy(int(texts.y[i]), noise, dice)] * weight
        words += len(looked)
        model = Words.fit(texts, rows, np.array(said))
        measure()
    return measured


def _looked_at(
    texts: Texts, model: Words, arriving: Sequence[int], at: int, dice: random.Random
) -> tuple[list[int], int]:
    """The next 200 reports a person has a word on, and how far the street's day has gone."""
    p = model.p(texts, arriving[at:])
    looked: list[int] = []
    for number, (i, shares) in enumerate(zip(arriving[at:], p, strict=True), 1):
        first, second = sorted(shares.tolist(), reverse=True)[:2]
        against = texts.grave[i] and shares.argmax() != POLICE
        if first - second < CLOSE or against or dice.random() < LOOKED_AT:
            looked.append(i)
        if len(looked) == EVERY:
            return looked, at + number
    return looked, len(arriving)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--every", type=int, default=1, help="take each so-manyth row")
    told = parser.parse_args()
    seeds, began = told.seeds, perf_counter()
    texts = Texts.read(told.every)
    for noise, weight in ((0.0, 1), (0.1, 1), (0.1, 3)):
        runs = [run(texts, seed, noise, weight) for seed in range(seeds)]
        for number in range(min(len(one) for one in runs)):
            line: dict[str, object] = {"noise": noise, "weight": weight}
            line |= {"words": runs[0][number]["words"], "on": runs[0][number]["on"]}
            line |= mean([one[number]["figures"] for one in runs])  # type: ignore[misc]
            print(json.dumps(line), flush=True)
    print(json.dumps({"seeds": seeds, "seconds": round(perf_counter() - began)}))


if __name__ == "__main__":
    main()
