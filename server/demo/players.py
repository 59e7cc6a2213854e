"""What made-up people do next with the cases they see. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

HUMAN_HEAD_START_S = 40.0
"""Where a newcomer may want to act, the demo waits this long before each act."""

Kind = Literal["signed", "departed", "contacted", "arrived", "close", "decide", "hand_on"]

_DELAYS: Mapping[Kind, tuple[float, float]] = {
    "signed": (4, 25),
    "departed": (15, 45),
    "contacted": (20, 60),
    "arrived": (3, 12),
    "close": (45, 120),
    "decide": (45, 150),
    "hand_on": (120, 420),
}
"""Seconds a person takes for each act once it is due."""
_FIRST_STEPS: tuple[Kind, ...] = ("signed", "departed", "contacted")
ARRIVED_WITHIN_M = 45.0
TIRED_S = 300.0
"""After this long on the way, arrival is claimed even without being near: people do."""


@dataclass(frozen=True, slots=True)
class Act:
    case_id: str
    kind: Kind
    unit_id: str | None


def next_act(case: Mapping[str, Any], *, near: bool) -> Act | None:
    """The act a case waits for, or None while its unit travels."""
    case_id, status = str(case["id"]), case["status"]
    assignment = case["assignment"]
    if assignment is None:
        return _desk_act(case_id, str(case["route"]))
    unit_id = str(assignment["unit_id"])
    done = {step["step"] for step in case["steps"]}
    for kind in _FIRST_STEPS:
        if kind not in done:
            return Act(case_id, kind, unit_id)
    if "arrived" not in done:
        return Act(case_id, "arrived", unit_id) if near else None
    return Act(case_id, "close", unit_id) if status == "on_scene" else None


def _desk_act(case_id: str, route: str) -> Act | None:
    if route == "review":
        return Act(case_id, "decide", None)
    if route in ("police", "service"):
        return Act(case_id, "hand_on", None)
    return None  # waits for a unit; the sweep gives it one


def delay_s(act: Act, rng: Random, *, human: bool) -> float:
    """Seconds from seeing that an act is due to doing it; ``human``: a person may want to."""
    low, high = _DELAYS[act.kind]
    wait = rng.uniform(low, high)
    return max(wait, HUMAN_HEAD_START_S) if human else wait
