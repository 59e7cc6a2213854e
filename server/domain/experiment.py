"""Whether the model helps the street, by assignment of cases; not whether its labels are right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from math import sqrt
from statistics import NormalDist, mean, variance

from triage.taxonomy import Label, Route


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
_NOT_THEIRS = frozenset({"to_police", "to_service"})
_RIGHT = {
    Label.POLICE: frozenset({Route.POLICE, Route.JOINT}),
    Label.DISPUTE: frozenset({Route.MEDIATE, Route.JOINT}),
    Label.SERVICE: frozenset({Route.SERVICE}),
}


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
class Ended:
    """A closed case of an arm. ``minutes`` from opening to a unit's arrival, None where none went;
    ``label`` is the one that counts of a person, ``again`` whether the same person had another
    dispute within 90 days, None while they last."""

    arm: Arm
    minutes: float | None
    disposition: str | None
    route: Route
    handed_over: bool
    label: Label | None
    again: bool | None


@dataclass(frozen=True, slots=True)
class Effect:
    """``arm`` minus the first arm with its repeated-looks interval; ``found`` if it excludes none.
    ``n`` are the values of both."""

    outcome: str
    arm: Arm
    n: int
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


def opened_route(arm: Arm, route: Route) -> Route:
    """The route a case opens with: only what is mild ever waits for a person; police never."""
    held = arm is not Arm.AUTO and route in {Route.MEDIATE, Route.SERVICE}
    return Route.REVIEW if held else route


def wrong_route(case: Ended) -> bool:
    """Mediators were sent to what was not theirs, or a person's label says another way than the
    case went."""
    if case.handed_over and case.disposition in _NOT_THEIRS:
        return True
    return case.label is not None and case.route not in _RIGHT[case.label]


def gathered(plan: Plan, cases: Iterable[Ended]) -> dict[Arm, dict[str, list[float]]]:
    """Values by arm and outcome; what is not known of a case is left out of that outcome."""
    found: dict[Arm, dict[str, list[float]]] = {
        arm: {name: [] for name in plan.outcomes} for arm in plan.arms
    }
    for case in cases:
        for name, value in _values(case).items():
            if value is not None and name in found[case.arm]:
                found[case.arm][name].append(float(value))
    return found


def look(
    plan: Plan, seen: Mapping[Arm, Mapping[str, Sequence[float]]], number: int
) -> list[Effect]:
    """The effects at look ``number`` (0 to 3), with bounds that hold over all looks and outcomes.

    Every arm is held against the first. The looks' bound is widened for all comparisons as
    Bonferroni's z is.
    """
    first, others = plan.arms[0], plan.arms[1:]
    z = OBRIEN_FLEMING[number] * _widening(len(plan.outcomes) * len(others))
    return [
        _effect(name, arm, seen[first][name], seen[arm][name], z)
        for arm in others
        for name in plan.outcomes
    ]


def may_stop(effects: Sequence[Effect], number: int) -> bool:
    """Stop when an effect is found, or the planned cases are used up."""
    return number == len(LOOKS) - 1 or any(effect.found for effect in effects)


def _widening(outcomes: int) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1 - _ALPHA / 2 / outcomes) / normal.inv_cdf(1 - _ALPHA / 2)


def _values(case: Ended) -> dict[str, float | bool | None]:
    return {
        "minutes_to_arrival": case.minutes,
        "settled_on_spot": case.disposition == "settled_on_spot",
        "repeat_90d": case.again,
        "wrong_route": wrong_route(case),
    }


def _effect(name: str, arm: Arm, one: Sequence[float], other: Sequence[float], z: float) -> Effect:
    n = len(one) + len(other)
    if len(one) < 2 or len(other) < 2:
        return Effect(name, arm, n, 0.0, float("-inf"), float("inf"))
    difference = mean(other) - mean(one)
    half = z * sqrt(variance(one) / len(one) + variance(other) / len(other))
    return Effect(name, arm, n, difference, difference - half, difference + half)
