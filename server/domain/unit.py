"""A unit: one or more mediators who go together, and what is known of where they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from server.domain.geo import Place


@dataclass(frozen=True, slots=True)
class LivePosition:
    """The newest believed fix of a unit's devices, in WGS-84."""

    place: Place
    fix_time: datetime
    accuracy_m: float | None
    doubt: tuple[str, ...] = ()

    def age_s(self, now: datetime) -> float:
        """Seconds since the fix; a fix a little ahead of our clock counts as fresh."""
        age = (now - self.fix_time).total_seconds()
        return age if age > 0.0 else 0.0


@dataclass(frozen=True, slots=True)
class Traits:
    """What a unit is good at (categories, their first parts, languages), which communities it
    answers for, and whether a veteran of the police leads it."""

    skills: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    veteran: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """``point`` is where the unit waits; ``served_24h`` counts its cases of the last day."""

    id: str
    name: str
    point: str
    point_place: Place
    on_duty: bool
    open_cases: int
    served_24h: int
    speed_kmh: float
    position: LivePosition | None = None
    members: int = 0
    """How many are named in the roster; 0 when the site names none."""
    traits: Traits = Traits()
    stays: bool = False
    """``point_place`` is the scene of its last case, where it was told to stay."""


def advances(current: datetime | None, fix_time: datetime) -> bool:
    """Live state moves forward by the time of the fix only, never by arrival."""
    return current is None or fix_time > current
