"""Whether the model helps the street, by assignment of cases; not whether its labels are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from math import sqrt
from statistics import NormalDist, mean, variance


class Arm(StrEnum):
    """``shadow``: the model is silent; ``suggest``: a person decides; ``auto``: it routes."""

    SHADOW = "shadow"
    SUGGEST = "suggest"
    AUTO = "auto"


LOOKS = (0.25, 0.5, 0.75, 1.0)
"""Shares of the planned cases at which the data may be looked at; registered beforehand."""
OBRIEN_FLEMING = (4.049, 2.863, 2.337, 2.024)
"""Two-sided .05 over four equal looks (P. O'Brien, T. Fleming, Biometrics 35, 1979)."""
_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """Registered before the first case: outcomes in order, the size, the arms compared."""

    salt: str
    outcomes: tuple[str, ...] = (
        "minutes_to_arrival",
        "settled_on_spot",
        "repeat_90d",
        "wrong_route",
    )
    cases: int = 2000
    arms: tuple[Arm, ...] = (Arm.SHADOW, Arm.AUTO)


@dataclass(frozen=True, slots=True)
class Effect:
    """Second arm minus first with its repeated-looks interval; ``found`` if it excludes none."""

    outcome: str
    difference: float
    low: float
    high: float

    @property
    def found(self) -> bool:
        return self.low > 0 or self.high < 0


def arm_of(case_id: str, plan: Plan) -> Arm:
    """By a keyed hash of the case: fixed for ever, and nothing about the case decides."""
    digest = sha256(f"{plan.salt}\0{case_id}".encode()).digest()
    return plan.arms[int.from_bytes(digest[:8]) % len(plan.arms)]


def look(
    plan: Plan, seen: Mapping[Arm, Mapping[str, Sequence[float]]], number: int
) -> list[Effect]:
    """The effects at look ``number`` (0 to 3), with bounds that hold over all looks and outcomes.

    The looks' bound is widened for several outcomes as Bonferroni's z is.
    """
    z = OBRIEN_FLEMING[number] * _widening(len(plan.outcomes))
    first, second = plan.arms[0], plan.arms[-1]
    return [_effect(name, seen[first][name], seen[second][name], z) for name in plan.outcomes]


def may_stop(effects: Sequence[Effect], number: int) -> bool:
    """Stop when an effect is found, or the planned cases are used up."""
    return number == len(LOOKS) - 1 or any(effect.found for effect in effects)


def _widening(outcomes: int) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1 - _ALPHA / 2 / outcomes) / normal.inv_cdf(1 - _ALPHA / 2)


def _effect(name: str, one: Sequence[float], other: Sequence[float], z: float) -> Effect:
    if len(one) < 2 or len(other) < 2:
        return Effect(name, 0.0, float("-inf"), float("inf"))
    difference = mean(other) - mean(one)
    half = z * sqrt(variance(one) / len(one) + variance(other) / len(other))
    return Effect(name, difference, difference - half, difference + half)
