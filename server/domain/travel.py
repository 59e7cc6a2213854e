"""How long a ride takes: what a routing engine says, what was learnt here, else the formula.

Own history is a pace: true seconds over the formula's (distance × detour ÷ speed), as the mean of
logarithms over verified rides. Each level is shrunk towards the one above it, the street towards
the formula: ``m = (Σ log ratio + k · m above) ÷ (n + k)``, the posterior mean of a normal
hierarchy whose levels vary as much as ``1/k`` of one ride's variance (Gelman et al., *Bayesian
Data Analysis*, 5.4). So one slow ride at night says little, and a hundred say nearly all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

BAND_HOURS = 3
"""Hours of a day that count as one: morning traffic is not that of the night."""
NO_FAULT = ""


@dataclass(frozen=True, slots=True)
class Ride:
    """A routing engine's answer: seconds, and metres along the road where it says them."""

    seconds: float
    metres: float | None = None


@dataclass(frozen=True, slots=True)
class PaceRule:
    enough: int = 20
    """Verified rides of the street before history counts at all."""
    prior: float = 10.0
    """Rides that the level above weighs as much as (k)."""
    most: float = 2.0
    """However slow or fast rides were, the formula is changed by no more than this factor."""
    ratio_most: float = 4.0
    """A ride beyond this factor was no ride (a stop on the way, a wrong address)."""
    shortest_m: float = 200.0
    """Below this, mounting and parking are most of the time."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Verified rides: how many, and the sum of the logarithms of true over formula seconds."""

    count: int = 0
    log_sum: float = 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """``factor`` on the formula's seconds, from ``rides`` of this area and time of day."""

    factor: float = 1.0
    rides: int = 0


@dataclass(frozen=True, slots=True)
class Travel:
    """All that is known of rides to one place. ``fault`` says in Chinese why an engine that is
    configured did not help; by default there is only the formula."""

    rides: Mapping[str, Ride] = field(default_factory=dict)
    pace: Pace = Pace()
    fault: str = NO_FAULT


BY_FORMULA = Travel()


def band_of(at: datetime, zone: tzinfo) -> int:
    """The stretch of the local day an instant lies in, from 0 at midnight."""
    return at.astimezone(zone).hour // BAND_HOURS


def pace(street: Heard, area: Heard, cell: Heard, rule: PaceRule) -> Pace:
    """The pace of an area at a time of day; 1 while the street as a whole is hardly known."""
    if street.count < rule.enough:
        return Pace()
    mean = 0.0
    for level in (street, area, cell):
        mean = (level.log_sum + rule.prior * mean) / (level.count + rule.prior)
    edge = math.log(rule.most)
    return Pace(math.exp(min(edge, max(-edge, mean))), cell.count)


def log_ratio(
    *, true_s: float, metres: float, detour: float, speed_kmh: float, rule: PaceRule
) -> float | None:
    """What one verified ride of ``metres`` as the crow flies adds; None when it tells nothing."""
    if metres < rule.shortest_m or true_s <= 0:
        return None
    ratio = true_s / (metres * detour / (speed_kmh / 3.6))
    if not 1 / rule.ratio_most <= ratio <= rule.ratio_most:
        return None
    return math.log(ratio)
