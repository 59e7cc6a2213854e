"""Folds: texts of one brief, and real calls of one person or place, are never on both sides.

Where a site has corrections enough, the newest of them are a fold of their own (``newest``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from triage.training.corpus import CORRECTION_BRIEF, Example
from triage.training.newest import Block, newest_block

FOLDS = 6
HONEST_FOLDS = 2
"""Enough where only some briefs can be held out: each fold learns from nearly everything."""


def honest_folds(examples: Sequence[Example], honest: Sequence[bool]) -> list[list[int]]:
    """Folds over the rows that are ``honest``; the others are in no fold, so always learnt from.
    With all rows honest these are ``folds``; the newest block, where there is one, comes last."""
    block = block_of(examples)
    apart = {*block.rows, *block.linked} if block else set()
    rows = [number for number, kept in enumerate(honest) if kept and number not in apart]
    n_folds = FOLDS if all(honest) else HONEST_FOLDS
    dealt = folds([examples[number] for number in rows], n_folds)
    own = [sorted(apart)] if apart else []
    return [[rows[at] for at in fold] for fold in dealt] + own


def block_of(examples: Sequence[Example]) -> Block | None:
    """The newest block of these rows."""
    return newest_block(examples, _groups(examples))


def calibrating(examples: Sequence[Example], honest: Sequence[bool]) -> list[bool]:
    """The rows that calibrate: the newest block where there is one, else all ``honest`` ones."""
    block = block_of(examples)
    if block is None:
        return list(honest)
    rows = set(block.rows)
    return [number in rows for number in range(len(examples))]


def folds(examples: Sequence[Example], n_folds: int = FOLDS) -> list[list[int]]:
    """Held-out row numbers of each fold: the biggest brief first, each to the emptiest fold.

    Corrections are real calls: those of one person or place stay together, the others are dealt
    out one by one. The same rows always give the same folds.
    """
    groups = _groups(examples)
    sizes = Counter(groups)
    filled = [0] * n_folds
    fold_of: dict[str, int] = {}
    for group, size in sorted(sizes.items(), key=lambda pair: (-pair[1], pair[0])):
        fold = min(range(n_folds), key=filled.__getitem__)
        fold_of[group] = fold
        filled[fold] += size
    held_out: list[list[int]] = [[] for _ in range(n_folds)]
    for number, group in enumerate(groups):
        held_out[fold_of[group]].append(number)
    return [rows for rows in held_out if rows]


def _groups(examples: Sequence[Example]) -> list[str]:
    """A name for each row: its brief; of a correction, the number of the first correction that it
    hangs together with through people or places, however many lie between."""
    parent = list(range(len(examples)))
    first: dict[str, int] = {}
    for number, example in enumerate(examples):
        if example.brief == CORRECTION_BRIEF:
            for key in example.groups:
                one, other = _root(parent, first.setdefault(key, number)), _root(parent, number)
                parent[max(one, other)] = min(one, other)
    return [
        f"{CORRECTION_BRIEF}-{_root(parent, number)}"
        if example.brief == CORRECTION_BRIEF
        else example.brief
        for number, example in enumerate(examples)
    ]


def _root(parent: list[int], number: int) -> int:
    while parent[number] != number:
        parent[number] = parent[parent[number]]
        number = parent[number]
    return number
