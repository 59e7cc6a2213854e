"""What to label next against random, at equal effort, on the corpus.

Two situations: *cold* starts from 300 labelled texts of all briefs; *moved* starts from 1,500 of
the written briefs and labels a street's own. Measured on briefs nobody learns from and, for
*moved*, on the half of the street's texts that is never offered. Each line is the mean over seeds,
and for every way but random the mean change against random of the same seed (same start, pool and
test) with its standard error: only a change of two standard errors says anything.

Example: nice python benchmarks/learning/selecting.py --seeds 8
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from math import sqrt
from time import perf_counter

from street import POLICE, STREET, UNSEEN, Texts, Words, figures, mean

from triage.selection import REASONS, Reason, Unlabelled, choose
from triage.taxonomy import LABELS, Label

FIRST, WRITTEN, BATCH, ROUNDS = 300, 1500, 100, 3
AUDIT = 0.02
NEAR = 0.15
RANDOM = "random"


def near_police(row: Unlabelled) -> float:
    """The model says something else and is not sure that it is no police matter."""
    p = row.p[Label.POLICE]
    return p if NEAR <= p < max(row.p.values()) else 0.0


WAYS: dict[str, tuple[tuple[str, Reason], ...]] = {
    RANDOM: (),
    "reasons": REASONS,
    "low_margin only": tuple(pair for pair in REASONS if pair[0] == "low_margin"),
    "near_police only": (("near_police", near_police),),
}


Measured = list[dict[str, dict[str, float]]]
"""Figures of one seed: after each batch, by test set."""


def chosen(
    texts: Texts, model: Words, pool: Sequence[int], way: str, dice: random.Random
) -> list[int]:
    """The next batch of the pool. Reasons share their batch with the random audit."""
    if not WAYS[way]:
        return dice.sample(list(pool), min(BATCH, len(pool)))
    p = model.p(texts, pool)
    rows = [
        Unlabelled(
            str(i),
            dict(zip(LABELS, shares, strict=True)),
            grave_cue=texts.grave[i],
            unknown_share=model.unknown_share(texts.lines[i]),
        )
        for i, shares in zip(pool, p.tolist(), strict=True)
    ]
    salt = str(dice.random())
    found = [
        int(c.id) for c in choose(rows, BATCH, audit_share=AUDIT, salt=salt, reasons=WAYS[way])
    ]
    rest = sorted(set(pool) - set(found))
    return found + dice.sample(rest, min(BATCH - len(found), len(rest)))


def run(
    texts: Texts, start: Sequence[int], pool: Sequence[int], tests: dict[str, list[int]], way: str,
    seed: int,
) -> Measured:  # fmt: skip
    dice, known, left = random.Random(seed), list(start), sorted(pool)
    measured = []
    for _ in range(ROUNDS + 1):
        model = Words.fit(texts, known, texts.y[known])
        measured.append({name: figures(model, texts, rows) for name, rows in tests.items()})
        taken = chosen(texts, model, left, way, dice)
        known += taken
        left = sorted(set(left) - set(taken))
    return measured


def situation(
    texts: Texts, name: str, seed: int
) -> tuple[list[int], list[int], dict[str, list[int]]]:
    dice = random.Random(1000 + seed)
    unseen, street = texts.of(UNSEEN), texts.of(STREET)
    others = sorted(set(range(len(texts.lines))) - set(unseen))
    if name == "cold":
        dice.shuffle(others)
        return others[:FIRST], others[FIRST:], {"unseen briefs": unseen}
    dice.shuffle(street)
    half = len(street) // 2
    written = sorted(set(others) - set(street))
    dice.shuffle(written)
    tests = {"street": street[half:], "unseen briefs": unseen}
    return written[:WRITTEN], street[:half], tests


def against(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Mean paired change and its standard error."""
    changes = [one - other for one, other in zip(ours, theirs, strict=True)]
    middle = sum(changes) / len(changes)
    spread = sum((change - middle) ** 2 for change in changes) / max(1, len(changes) - 1)
    return [round(middle, 4), round(sqrt(spread / len(changes)), 4)]


def tell(name: str, all_runs: dict[str, list[Measured]], way: str) -> None:
    runs, by_chance = all_runs[way], all_runs[RANDOM]
    for number in range(ROUNDS + 1):
        for test in runs[0][0]:
            line = {"situation": name, "way": way, "labelled": number * BATCH, "on": test}
            line |= mean([one[number][test] for one in runs])  # type: ignore[arg-type]
            for figure in ("accuracy", "police_recall") if way != RANDOM and number else ():
                line[f"{figure}_change"] = against(  # type: ignore[assignment]
                    [one[number][test][figure] for one in runs],
                    [one[number][test][figure] for one in by_chance],
                )
            print(json.dumps(line), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, help="take each so-manyth row")
    parser.add_argument("--situations", nargs="+", default=["moved", "cold"])
    parser.add_argument("--ways", nargs="*", default=list(WAYS), help="beside random")
    told = parser.parse_args()
    seeds, began = told.seeds, perf_counter()
    texts = Texts.read(told.every)
    for name in told.situations:
        runs: dict[str, list[Measured]] = {}
        for way in (RANDOM, *(way for way in told.ways if way != RANDOM)):
            runs[way] = [
                run(texts, *situation(texts, name, seed), way, seed) for seed in range(seeds)
            ]
            tell(name, runs, way)
    print(json.dumps({"texts": len(texts.lines), "police": int((texts.y == POLICE).sum()),
                      "seeds": seeds, "seconds": round(perf_counter() - began)}))  # fmt: skip


if __name__ == "__main__":
    main()
