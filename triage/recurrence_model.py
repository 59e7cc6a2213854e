"""How likely a dispute returns within 90 days: a logistic rule on fading sums of what happened.

``log-odds = intercept + Σ weight × measure``; the measures are those of ``MEASURES``, made by
``measures``. A refit adds two weights for each kind of call a log uses: how much of it there was at
the place, and that the call in hand is one. The shipped weights lie in ``triage/data``, with where
they come from; ``docs/RECURRENCE.md`` says how the rule was chosen and how well it does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import exp, log, log1p

from triage.recurrence import (
    SHIPPED,
    SHIPPED_BANDS,
    Bands,
    History,
    Risk,
    days_in_words,
    probability,
)

DISPUTE_HALF_LIVES = (7.0, 30.0, 90.0, 240.0, 720.0)
CALL_HALF_LIVES = (30.0, 240.0)
KIND_HALF_LIFE = 180.0
LONGEST_DAYS = 1500.0
"""An interval that never was counts as this one; days."""
EPISODE_DAYS = 0.25
"""A dispute within six hours of the last one belongs to the same episode."""
MEASURES = (
    *(f"disputes_{days:.0f}d" for days in DISPUTE_HALF_LIVES),
    *(f"calls_{days:.0f}d" for days in CALL_HALF_LIVES),
    "episodes",
    "since_last",
    "since_last_but_one",
    "known_for",
    "log_runs_for",
    "same_kind",
    "kinds",
    "variety",
    "first",
)


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a place or its people just before a dispute; the dispute not in it.

    ``disputes`` and ``calls``: sums of ``2 ** (-age / half-life)`` over earlier episodes and other
    calls. ``kinds``: the same by kind of call, half-life 180 days. Days everywhere.
    """

    disputes: tuple[float, ...] = (0.0,) * len(DISPUTE_HALF_LIVES)
    calls: tuple[float, ...] = (0.0,) * len(CALL_HALF_LIVES)
    episodes: int = 0
    since_last: float | None = None
    since_last_but_one: float | None = None
    known_for: float = 0.0
    log_runs_for: float = 0.0
    same_kind: int = 0
    kinds: Mapping[str, float] = field(default_factory=dict)


def measures(past: Past) -> tuple[float, ...]:
    """In the order of ``MEASURES``; none has a unit."""
    return (
        *map(log1p, past.disputes),
        *map(log1p, past.calls),
        log1p(past.episodes),
        log(_interval(past.since_last) + 0.5),
        log(_interval(past.since_last_but_one) + 0.5),
        log(past.known_for + 1.0),
        log(past.log_runs_for + 30.0),
        log1p(past.same_kind),
        log1p(len(past.kinds)),
        variety(past.kinds.values()),
        float(past.since_last is None),
    )


def variety(amounts: Iterable[float]) -> float:
    """Shannon entropy of the kinds of call, in nats."""
    kept = [amount for amount in amounts if amount > 0]
    total = sum(kept)
    return log(total) - sum(a * log(a) for a in kept) / total if total > 0 else 0.0


@dataclass(frozen=True, slots=True)
class RiskModel:
    """``weights`` in the order of ``MEASURES``. ``stretch``: how many times the hazard of 90 days
    lies before us in 30 and in 365."""

    intercept: float
    weights: tuple[float, ...]
    kind_weights: Mapping[str, float] = field(default_factory=dict)
    own_weights: Mapping[str, float] = field(default_factory=dict)
    stretch: tuple[float, float] = (0.45, 2.3)
    source: str = "shipped"

    def log_odds(self, past: Past, kind: str = "") -> float:
        parts = self._parts(measures(past), past.kinds, kind)
        return self.intercept + sum(parts)

    def probability(self, past: Past, kind: str = "") -> float:
        """Chance of at least one more episode within 90 days."""
        return _chance(self.log_odds(past, kind))

    def judge(
        self, history: History, past: Past, kind: str = "", bands: Bands = SHIPPED_BANDS
    ) -> Risk:
        """The risk after a dispute, with drivers that add up to what the past adds."""
        risk = self.probability(past, kind)
        at_30, at_365 = (1.0 - (1.0 - risk) ** times for times in self.stretch)
        drivers = self._drivers(history, past, kind)
        return Risk(risk, bands.of(risk), drivers, history, at_30, at_365)

    def _parts(
        self, values: tuple[float, ...], kinds: Mapping[str, float], kind: str
    ) -> list[float]:
        parts = [weight * value for weight, value in zip(self.weights, values, strict=True)]
        known = self.kind_weights
        by_kind = sum(known[name] * log1p(seen) for name, seen in kinds.items() if name in known)
        return [*parts, by_kind, self.own_weights.get(kind, 0.0)]

    def _drivers(self, history: History, past: Past, kind: str) -> tuple[tuple[str, float], ...]:
        """One group of measures after another is set from 'nothing known' to what is known."""
        blank = Past(log_runs_for=past.log_runs_for)
        at = self._parts(measures(blank), blank.kinds, kind)
        wanted = self._parts(measures(past), past.kinds, kind)
        before, drivers = _chance(self.intercept + sum(at)), []
        for name, group in _groups(history, past):
            for place in group:
                at[place] = wanted[place]
            after = _chance(self.intercept + sum(at))
            drivers.append((name, after - before))
            before = after
        kept = [driver for driver in drivers if abs(driver[1]) >= 0.0005]
        return tuple(sorted(kept, key=lambda driver: -abs(driver[1])))


def judge_other(history: History, bands: Bands = SHIPPED_BANDS) -> Risk:
    """The risk at a call that is no dispute itself: the count rule on earlier disputes."""
    risk = probability(history.n_365d, SHIPPED)
    drivers = ((f"近一年{history.n_365d}次", risk - probability(0, SHIPPED)),)
    return Risk(risk, bands.of(risk), drivers if history.n_365d else (), history)


def model_of(text: str) -> RiskModel:
    """The model of a TOML text, as the shipped ``weights.toml`` in ``triage/data`` has it."""
    found = tomllib.loads(text)
    weights = found["weights"]
    kinds, own = found.get("kinds", {}), found.get("own", {})
    return RiskModel(
        intercept=float(found["intercept"]),
        weights=tuple(float(weights[name]) for name in MEASURES),
        kind_weights={kind: float(weight) for kind, weight in kinds.items()},
        own_weights={kind: float(weight) for kind, weight in own.items()},
        stretch=(float(found["stretch"]["days_30"]), float(found["stretch"]["days_365"])),
        source=str(found["source"]),
    )


def _groups(history: History, past: Past) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Chinese names of the groups, and where their measures stand."""

    def at(*names: str) -> tuple[int, ...]:
        return tuple(MEASURES.index(name) for name in names)

    last = history.days_since_last
    since = "首次" if last is None else f"距上次{days_in_words(last)}"
    # The quickest sums and the gaps tell the same thing, how fresh it is; apart they would
    # each be told with half of it.
    fresh = at("disputes_7d", "disputes_30d", "since_last", "since_last_but_one", "first")
    older = at("disputes_240d", "disputes_720d", "episodes", "same_kind")
    calls = at("calls_30d", "calls_240d", "kinds", "variety", "known_for")
    return (
        (since, fresh),
        (f"近90天{history.n_90d}次", at("disputes_90d")),
        (f"近一年{history.n_365d}次", older),
        (f"此处警情{sum(past.kinds.values()):.0f}次", (*calls, len(MEASURES))),
    )


def _interval(days: float | None) -> float:
    return LONGEST_DAYS if days is None else min(max(days, 0.0), LONGEST_DAYS)


def _chance(log_odds: float) -> float:
    if log_odds < -700:
        return 0.0
    return 1.0 / (1.0 + exp(-log_odds))
