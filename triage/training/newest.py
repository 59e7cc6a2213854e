"""The newest block: the latest corrections, held out together to calibrate by what comes next.

Figures and calibration by folds mix old and new; what a model meets in service is always newer
than what it learnt from. So the newest real calls are one fold of their own, together with the
older calls of the same people and places, and what is learnt for that fold is older or written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from triage.taxonomy import LABELS
from triage.training.corpus import Example

LEAST_DATED = 400
"""Fewer dated corrections than this have no block: the older half would teach too little."""
LEAST = 200
"""Rows of a block at least: a shift of .1 in a label's share then shows beyond chance."""
LEAST_OF_LABEL = 20
SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Block:
    """Numbers of rows: ``rows`` calibrate; ``linked`` are older ones of the same people or places,
    which are held out with them and measure nothing."""

    rows: tuple[int, ...]
    linked: tuple[int, ...]


def newest_block(examples: Sequence[Example], groups: Sequence[str]) -> Block | None:
    """The newest fifth of the dated rows, ``LEAST`` at least; None where dated rows are too few or
    a label is too rare in it. ``groups`` names for each row what it hangs together with."""
    dated = [(at, n) for n, example in enumerate(examples) if (at := example.at) is not None]
    if len(dated) < LEAST_DATED:
        return None
    dated.sort()
    size = max(LEAST, round(SHARE * len(dated)))
    rows = [number for _, number in dated[-size:]]
    told = Counter(examples[number].label for number in rows)
    if min(told[label] for label in LABELS) < LEAST_OF_LABEL:
        return None
    inside, about = set(rows), {groups[number] for number in rows}
    linked = [n for n, group in enumerate(groups) if group in about and n not in inside]
    return Block(tuple(sorted(rows)), tuple(linked))


def split_facts(examples: Sequence[Example], block: Block | None) -> dict[str, Any]:
    """For manifest and card: by what was split, and what calibrated."""
    dated = sum(example.at is not None for example in examples)
    facts: dict[str, Any] = {"dated_corrections": dated, "dated_needed": LEAST_DATED}
    if block is None:
        return {"calibrated_on": "held-out folds", **facts}
    times: list[datetime] = [at for n in block.rows if (at := examples[n].at) is not None]
    told = Counter(examples[number].label for number in block.rows)
    return {
        "calibrated_on": "newest block",
        **facts,
        "block_rows": len(block.rows),
        "block_by_label": {str(label): told[label] for label in LABELS},
        "block_from": min(times).isoformat(),
        "block_to": max(times).isoformat(),
        "older_kept_apart": len(block.linked),
    }


def split_sentence(facts: dict[str, Any]) -> str:
    """The same in a sentence."""
    if facts["calibrated_on"] != "newest block":
        return (
            f"Calibrated on all held-out folds: {facts['dated_corrections']} corrections bear a "
            f"time, the newest of {facts['dated_needed']} would calibrate by themselves."
        )
    by_label = ", ".join(f"{name} {n}" for name, n in facts["block_by_label"].items())
    return (
        f"Calibrated on the newest {facts['block_rows']} of {facts['dated_corrections']} "
        f"corrections ({by_label}), from {facts['block_from']} to {facts['block_to']}, judged by "
        f"what was learnt without them; {facts['older_kept_apart']} older ones of the same people "
        "or places were held out with them."
    )
