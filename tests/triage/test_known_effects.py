"""Planted effects of threats, drink, kind and last outcome: found where they are, not elsewhere."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parents[2]))


@cache
def extras() -> ModuleType:
    from benchmarks.recurrence import extras

    return extras


def test_a_planted_effect_is_recovered_and_none_is_found_where_none_was() -> None:
    """3,000 disputes; the log-odds ratio is a little off the hazard ratio, so its sign counts."""
    study = extras()
    strong = study.odds(study.first(study.made_up(3000, study.STRONG, 1), 3000), rounds=40)
    assert all(strong[mark].low > 1.0 for mark in study.MARKS), strong
    assert strong["unsettled"].value > strong["drink"].value
    nothing = study.odds(study.first(study.made_up(3000, study.NOTHING, 1), 3000), rounds=40)
    assert all(0.75 < nothing[mark].value < 1.35 for mark in study.MARKS), nothing
    assert sum(nothing[mark].low <= 1.0 <= nothing[mark].high for mark in study.MARKS) >= 3


def test_made_up_history_leaks_no_answer() -> None:
    """People's own rates bound what history can tell, and marks without effect add nothing."""
    study = extras()
    alone, more = study.gain(study.NOTHING, 600, 2)
    assert 0.6 < alone < study.MOST_HONEST_AUC
    assert abs(more.value) < 0.02
