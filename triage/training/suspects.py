"""Labels that are likely wrong: by out-of-fold confidence, and by near-duplicates that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from triage.segmenter import Segmenter
from triage.taxonomy import LABELS, Label
from triage.training.corpus import CORRECTION_BRIEF, Example, shingles
from triage.training.fit import fit

_KEYS = 12
_OVERLAP = 0.8


@dataclass(frozen=True, slots=True)
class Suspect:
    """Row ``number`` of the examples; ``rather`` is the label to ask about; ``score`` orders
    them, the likeliest error first (lowest)."""

    number: int
    rather: Label
    score: float
    why: str


def likely_errors(
    examples: Sequence[Example], segmenter: Segmenter, *, seed: int = 0
) -> list[Suspect]:
    """All rows, the likeliest label error first; the model never saw the row it judges."""
    alone = [replace(example, brief=CORRECTION_BRIEF) for example in examples]
    _, held_out = fit(alone, segmenter, seed=seed)
    return ranked([example.label for example in examples], held_out.p.tolist())


def ranked(given: Sequence[Label], p: Sequence[Sequence[float]]) -> list[Suspect]:
    """Confident learning (C. Northcutt, L. Jiang, I. Chuang, JAIR 70, 2021).

    A class's threshold is the mean probability of that class over the rows labelled with it. A
    row is off the diagonal when another class passes its own threshold; those stand first, then
    the margin (given minus the likeliest other) orders rows.
    """
    limits = _thresholds(given, p)
    rows = [
        _suspect(i, label, row, limits) for i, (label, row) in enumerate(zip(given, p, strict=True))
    ]
    return sorted(rows, key=lambda row: (row.why != "confident", row.score, row.number))


def _thresholds(given: Sequence[Label], p: Sequence[Sequence[float]]) -> list[float]:
    found = []
    for column, label in enumerate(LABELS):
        own = [row[column] for row, said in zip(p, given, strict=True) if said is label]
        found.append(sum(own) / len(own) if own else 1.0)
    return found


def _suspect(number: int, label: Label, p: Sequence[float], limits: Sequence[float]) -> Suspect:
    given = LABELS.index(label)
    other = max((i for i in range(len(LABELS)) if i != given), key=lambda i: p[i])
    off = p[other] >= limits[other] and p[other] > p[given]
    return Suspect(number, LABELS[other], p[given] - p[other], "confident" if off else "")


def conflicting_duplicates(examples: Sequence[Example]) -> Iterator[tuple[int, int]]:
    """Pairs of rows that say nearly the same (3-grams overlap by .8) under different labels.

    Only rows that share one of their rarest 3-grams are compared: near-duplicates share most.
    """
    grams = [shingles(example.text) for example in examples]
    counts = Counter(gram for row in grams for gram in row)
    buckets: dict[str, list[int]] = {}
    for number, row in enumerate(grams):
        keys = sorted(row, key=lambda gram: (counts[gram] == 1, counts[gram], gram))[:_KEYS]
        near = {other for key in keys for other in buckets.get(key, ())}
        for other in sorted(near):
            if examples[other].label is not examples[number].label and _near(row, grams[other]):
                yield other, number
        for key in keys:
            buckets.setdefault(key, []).append(number)


def _near(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) / len(one | other) >= _OVERLAP
