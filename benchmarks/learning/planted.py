"""Planted label errors over the whole corpus: recall in the first tenth of the suspects.

Example: python benchmarks/learning/planted.py 0.02 0.05
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import replace
from time import perf_counter

from triage.segmenter import Segmenter
from triage.shipped import datasets_dir
from triage.taxonomy import LABELS
from triage.training.corpus import read_corpus
from triage.training.suspects import likely_errors


def measure(share: float, seed: int = 11) -> dict[str, float]:
    """Wrong labels drawn uniformly; the corpus's own hard rows compete with them."""
    rows, dice, began = read_corpus(datasets_dir() / "corpus"), random.Random(seed), perf_counter()
    wrong = set(dice.sample(range(len(rows)), round(share * len(rows))))
    for i in wrong:
        label = dice.choice([name for name in LABELS if name is not rows[i].label])
        rows[i] = replace(rows[i], label=label, category=None)
    top = likely_errors(rows, Segmenter())[: len(rows) // 10]
    found = wrong & {suspect.number for suspect in top}
    return {
        "rows": len(rows),
        "planted": len(wrong),
        "recall_in_first_tenth": round(len(found) / len(wrong), 3),
        "seconds": round(perf_counter() - began, 1),
    }


if __name__ == "__main__":
    for share in map(float, sys.argv[1:] or ["0.02", "0.05"]):
        print(json.dumps({"share": share} | measure(share)), flush=True)
