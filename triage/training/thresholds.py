"""Choose the policy's thresholds on held-out predictions, for a stated miss rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from triage.cues import Cue
from triage.doubt import Evidence, Limits, doubts
from triage.policy import Thresholds, route_of
from triage.taxonomy import Label, Route
from triage.training.bounds import upper95

TARGET_UPPER95 = 0.01
_HAND_ON_AT = (0.50, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90, 0.95, 0.98)
_POLICE_BELOW = (0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.08, 0.10, 0.15, 0.20)
_POLICE_AT = 0.40
_JOINT_AT = 0.40
"""When in doubt, police: under one half on purpose. On 3,452 held-out texts .40 instead of .50
sends 2 of 100 police texts more straight to police, 3 of 100 disputes too, and spares 3 of 100
texts a person's look."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One text as a model that never saw its brief judges it."""

    truth: Label
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Choice:
    """Thresholds with what they did on the held-out texts."""

    values: Thresholds
    n_police: int
    misses: int
    n_other: int
    handed_on: int

    def as_json(self) -> dict[str, Any]:
        return {
            "values": asdict(self.values),
            "target_miss_upper95": TARGET_UPPER95,
            "police_held_out": self.n_police,
            "misses": self.misses,
            "miss_upper95": round(upper95(self.misses, self.n_police), 5),
            "others_held_out": self.n_other,
            "others_handed_on": self.handed_on,
        }


def choose(rows: Sequence[HeldOut], limits: Limits) -> Choice:
    """The thresholds that hand most on while the miss rate's upper bound stays under target; if
    none does, those with the lowest bound."""
    doubtless = _judged(rows, limits)
    choices = [
        _counted(doubtless, Thresholds(_POLICE_AT, at, at, below, _JOINT_AT))
        for at, below in product(_HAND_ON_AT, _POLICE_BELOW)
    ]

    def bound(choice: Choice) -> float:
        return upper95(choice.misses, choice.n_police)

    safe = [choice for choice in choices if bound(choice) <= TARGET_UPPER95]
    if safe:
        return max(safe, key=lambda choice: (choice.handed_on, -choice.misses))
    return min(choices, key=lambda choice: (bound(choice), -choice.handed_on))


Row = tuple[Label, dict[Label, float], tuple[Cue, ...], tuple[str, ...]]


def _judged(rows: Sequence[HeldOut], limits: Limits) -> list[Row]:
    return [
        (row.truth, dict(row.evidence.p), row.evidence.cues, doubts(row.evidence, limits))
        for row in rows
    ]


def _counted(rows: Sequence[Row], values: Thresholds) -> Choice:
    n_police = misses = handed_on = 0
    for truth, p, cues, doubt in rows:
        route = route_of(p, cues, doubt, thresholds=values)
        away = route in {Route.MEDIATE, Route.SERVICE}
        n_police += truth is Label.POLICE
        misses += away and truth is Label.POLICE
        handed_on += away and truth is not Label.POLICE
    return Choice(values, n_police, misses, len(rows) - n_police, handed_on)
