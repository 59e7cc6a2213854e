"""Several cases and several units at once: danger first, then the least sum of scores.

One by one, the first case takes a unit that the second needed more. Minimising the sum (the
assignment problem; Kuhn 1955, doi 10.1002/nav.3800020109; solved by scipy's Jonker–Volgenant,
doi 10.1109/TAES.2016.140952) avoids that, but would also let a knife wait so that two leaks are
reached sooner. Therefore whatever is dangerous chooses first, the most dangerous before all, and
only the mild ones share what is left by the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from server.domain.assignment import Candidate

_FORBIDDEN_S = 1e9
"""More than any sum of scores: as few such pairs as can be, and none of them is used."""


@dataclass(frozen=True, slots=True)
class Wanting:
    """A case that waits, and who could go, best first."""

    case_id: str
    danger: int
    ranked: Sequence[Candidate]


def match(waiting: Sequence[Wanting], *, danger_from: int) -> list[tuple[str, Candidate]]:
    """Pairs of case and unit, each at most once, in the order of ``waiting``.

    ``waiting`` is in the order in which cases have a right to a unit: when there are too few, the
    first ones get them. From ``danger_from`` a case takes the best unit left for itself.
    """
    taken: set[str] = set()
    given: dict[str, Candidate] = {}
    grave = sorted((w for w in waiting if w.danger >= danger_from), key=lambda w: -w.danger)
    for case in grave:
        best = next((c for c in case.ranked if c.unit_id not in taken), None)
        if best is not None:
            given[case.case_id] = best
            taken.add(best.unit_id)
    given |= _least_sum([w for w in waiting if w.danger < danger_from], taken)
    return [(w.case_id, given[w.case_id]) for w in waiting if w.case_id in given]


def _least_sum(mild: Sequence[Wanting], taken: set[str]) -> dict[str, Candidate]:
    """One unit a case for as many of the first cases as there are units left."""
    offers = [{c.unit_id: c for c in w.ranked if c.unit_id not in taken} for w in mild]
    units = sorted({unit_id for offer in offers for unit_id in offer})
    able = [(w, offer) for w, offer in zip(mild, offers, strict=True) if offer][: len(units)]
    if not able:
        return {}
    costs = np.array(
        [[offer[u].score_s if u in offer else _FORBIDDEN_S for u in units] for _, offer in able]
    )
    rows, columns = linear_sum_assignment(costs)
    return {
        able[row][0].case_id: able[row][1][units[column]]
        for row, column in zip(rows, columns, strict=True)
        if units[column] in able[row][1]
    }
