"""How punctual each step is: half and nine tenths of the times, and the share within the clock.

Counted twice: as people claim, and for what evidence has verified. A claim that nothing proves
counts as missed in the second reading, so the two lie around the truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from statistics import quantiles

from server.domain.case import Step
from server.domain.evidence import Verdict
from server.domain.sla import DeadlineState

FEW = 10
"""Below so many times a P90 is one person's bad day."""


class By(StrEnum):
    ALL = "all"
    UNIT = "unit"
    POINT = "point"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class Timed:
    """One step of one assignment. ``seconds`` from hand-over to the step, None while not done."""

    step: Step
    unit_id: str
    unit_name: str
    point: str
    handed_over_at: datetime
    state: DeadlineState
    seconds: float | None = None
    verdict: Verdict | None = None

    @property
    def verified(self) -> bool:
        return self.verdict is Verdict.VERIFIED


@dataclass(frozen=True, slots=True)
class StepFigures:
    """One step of one group. Times in seconds; None where nothing was counted.

    ``count`` steps were done, ``met`` and ``missed`` clocks ended. ``compliance`` is met over both;
    ``verified_compliance`` counts only what is both met and verified.
    """

    step: str
    count: int
    p50_s: float | None
    p90_s: float | None
    met: int
    missed: int
    compliance: float | None
    verified: int
    verified_p50_s: float | None
    verified_p90_s: float | None
    verified_met: int
    verified_compliance: float | None

    @property
    def few(self) -> bool:
        return self.count < FEW


@dataclass(frozen=True, slots=True)
class StepGroup:
    """The four steps of a unit, a point, a local hour of hand-over (``key`` 0–23), or of all."""

    by: str
    key: str
    name: str
    steps: tuple[StepFigures, ...]


def groups(timed: Sequence[Timed], by: By, zone: tzinfo) -> tuple[StepGroup, ...]:
    """Figures by group, in the order of names or hours; hours nobody was sent in are left out."""
    key_of = _KEYS[by]
    found: dict[tuple[str, str], list[Timed]] = defaultdict(list)
    for one in timed:
        found[key_of(one, zone)].append(one)
    ordered = sorted(found, key=lambda pair: (int(pair[0]), "") if by is By.HOUR else (0, pair[1]))
    return tuple(StepGroup(by.value, key, name, figures(found[key, name])) for key, name in ordered)


def figures(timed: Sequence[Timed]) -> tuple[StepFigures, ...]:
    """All four steps, in their order."""
    return tuple(_of_step(step, [one for one in timed if one.step is step]) for step in Step)


def percentile(values: Iterable[float], percent: int) -> float | None:
    """Linear between the two nearest values (Hyndman & Fan 1996, type 7), to a tenth."""
    held = list(values)
    if len(held) < 2:
        return round(held[0], 1) if held else None
    return round(quantiles(held, n=100, method="inclusive")[percent - 1], 1)


def _of_step(step: Step, timed: Sequence[Timed]) -> StepFigures:
    seconds = [one.seconds for one in timed if one.seconds is not None]
    proven = [one.seconds for one in timed if one.seconds is not None and one.verified]
    met = [one for one in timed if one.state is DeadlineState.MET]
    missed = sum(one.state is DeadlineState.MISSED for one in timed)
    ended, verified_met = len(met) + missed, sum(one.verified for one in met)
    return StepFigures(
        step=step.value,
        count=len(seconds),
        p50_s=percentile(seconds, 50),
        p90_s=percentile(seconds, 90),
        met=len(met),
        missed=missed,
        compliance=_share(len(met), ended),
        verified=len(proven),
        verified_p50_s=percentile(proven, 50),
        verified_p90_s=percentile(proven, 90),
        verified_met=verified_met,
        verified_compliance=_share(verified_met, ended),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _hour(one: Timed, zone: tzinfo) -> tuple[str, str]:
    hour = one.handed_over_at.astimezone(zone).hour
    return str(hour), f"{hour:02d}:00"


_KEYS: dict[By, Callable[[Timed, tzinfo], tuple[str, str]]] = {
    By.ALL: lambda _one, _zone: ("all", "all"),
    By.UNIT: lambda one, _zone: (one.unit_id, one.unit_name),
    By.POINT: lambda one, _zone: (one.point, one.point),
    By.HOUR: _hour,
}
