"""A made-up city of places that call, with a known law: for the shipped weights and for tests.

Every place has its own rate of disputes (gamma distributed, most of them small), which drifts over
the months; each dispute makes another likelier for some weeks (self-excitation, Hawkes); other
calls come at a rate that goes along with the disputes', and differ in kind from place to place.
Nothing in it is taken from a real log. The values are guesses (most places never call twice, a few
call weekly, half of all repeats come within a month of the last), kept where they did well on the
open log that ``docs/RECURRENCE.md`` names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp
from random import Random

from triage.rows import Event

_BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
_MONTH = 30.0


@dataclass(frozen=True, slots=True)
class City:
    """``shape`` and ``rate_per_year``: of the gamma distribution of disputes per place and year.
    ``drift``: standard deviation of the log-rate around its mean, forgotten at ``memory_days``.
    ``children``: further disputes each one causes on average, ``child_days`` later on average."""

    places: int = 3000
    days: int = 720
    shape: float = 0.25
    rate_per_year: float = 0.7
    drift: float = 0.8
    memory_days: float = 250.0
    children: float = 0.25
    child_days: float = 25.0
    calls_per_dispute: float = 9.0
    call_spread: float = 0.8
    call_kinds: int = 60
    dispute_kinds: int = 12


def made_up_log(city: City = City(), *, seed: int = 1) -> list[Event]:
    """Events in time order, at the same city and seed always the same."""
    draw = Random(seed)  # noqa: S311  (a made-up city, no secret)
    events = [event for place in range(city.places) for event in _place(city, place, draw)]
    return sorted(events, key=lambda event: event.time)


def _place(city: City, place: int, draw: Random) -> list[Event]:
    rate = draw.gammavariate(city.shape, city.rate_per_year / city.shape) / 365
    calls = (rate + 0.0005) * city.calls_per_dispute * exp(draw.gauss(0, city.call_spread))
    disputes, others = [], []
    level = draw.gauss(0, city.drift)
    keep = exp(-_MONTH / city.memory_days)
    for start in range(0, city.days, int(_MONTH)):
        level = keep * level + draw.gauss(0, city.drift * (1 - keep * keep) ** 0.5)
        factor = exp(level - city.drift**2 / 2)
        disputes += [start + _MONTH * draw.random() for _ in range(_poisson(rate * factor, draw))]
        soft = factor**0.5
        others += [start + _MONTH * draw.random() for _ in range(_poisson(calls * soft, draw))]
    mix = _Kinds(city, draw)
    every = [(day, True) for day in _with_children(disputes, city, draw)]
    every += [(day, False) for day in others]
    return [_event(place, number, day, is_one, mix) for number, (day, is_one) in enumerate(every)]


class _Kinds:
    """A place has favourites among the kinds."""

    def __init__(self, city: City, draw: Random) -> None:
        self._draw = draw
        self._calls = [draw.gammavariate(0.15, 1.0) for _ in range(city.call_kinds)]
        self._disputes = [draw.gammavariate(0.4, 1.0) for _ in range(city.dispute_kinds)]

    def of(self, *, dispute: bool) -> str:
        weights, name = (self._disputes, "纠纷") if dispute else (self._calls, "其他")
        return f"{name}{self._draw.choices(range(len(weights)), weights)[0]}"


def _with_children(days: list[float], city: City, draw: Random) -> list[float]:
    """All disputes with those they cause; each generation causes the next."""
    found, young = list(days), list(days)
    while young:
        born = [
            day + draw.expovariate(1 / city.child_days)
            for day in young
            for _ in range(_poisson(city.children / _MONTH, draw))
        ]
        young = [day for day in born if day < city.days]
        found += young
    return found


def _event(place: int, number: int, day: float, dispute: bool, mix: _Kinds) -> Event:
    at = _BEGAN + timedelta(days=day)
    kind = mix.of(dispute=dispute)
    return Event(f"{place}-{number}", at, dispute, (f"place:{place}",), kind)


def _poisson(per_day: float, draw: Random) -> int:
    """Number in 30 days (Knuth's product of uniforms; in parts, so that exp never vanishes)."""
    left, number = per_day * _MONTH, 0
    while left > 0:
        part = min(left, 200.0)
        left -= part
        limit, product = exp(-part), draw.random()
        while product > limit:
            number += 1
            product *= draw.random()
    return number
