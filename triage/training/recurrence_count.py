"""Refit the gamma–Poisson rule on a place's own log, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import exp, log

from triage.chronicle import Chronicle
from triage.errors import WrongUse
from triage.recurrence import HORIZON_DAYS, SHIPPED, Parameters
from triage.rows import Event

LEAST_DISPUTES = 20
_DAY = timedelta(days=1)
_FIRST_STEP = 1.0
_LAST_STEP = 0.01
_MAX_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Spell:
    """After one dispute: ``n`` in the window with it, ``window_days`` of it on record,
    ``followed_days`` until the next one (``returned``), the horizon or the end of the log."""

    n: int
    window_days: float
    followed_days: float
    returned: bool


def fit_recurrence(events: Sequence[Event]) -> Parameters:
    """Shape and scale that make the log likeliest; ``WrongUse`` with fewer than 20 disputes.

    What happens after the log's end is unknown, so a spell that reaches it counts only as far as
    it was followed; likewise the window before its beginning.
    """
    spells = spells_of(events)
    if len(spells) < LEAST_DISPUTES:
        raise WrongUse(f"A fit needs at least {LEAST_DISPUTES} disputes; give a longer history.")
    return _climb(spells)


def spells_of(events: Sequence[Event]) -> list[Spell]:
    ordered = sorted(events, key=lambda event: event.time)
    chronicle, spells = Chronicle(), []
    nexts = _days_to_next(ordered)
    for event, to_next in zip(ordered, nexts, strict=True):
        if not event.dispute:
            continue
        window = min(SHIPPED.window_days, (event.time - ordered[0].time) / _DAY)
        left = min(HORIZON_DAYS, (ordered[-1].time - event.time) / _DAY)
        returned = to_next is not None and to_next <= left
        followed = to_next if returned and to_next is not None else left
        spells.append(Spell(len(chronicle.before(event)) + 1, window, followed, returned))
        chronicle.add(event)
    return [spell for spell in spells if spell.followed_days > 0]


def log_likelihood(spells: Sequence[Spell], shape: float, scale_days: float) -> float:
    """Of the times to the next dispute, each exponential at a gamma distributed rate."""
    total = 0.0
    for spell in spells:
        before = scale_days + spell.window_days
        after = before + spell.followed_days
        total += (shape + spell.n) * log(before / after)
        if spell.returned:
            total += log((shape + spell.n) / after)
    return total


def _days_to_next(ordered: Sequence[Event]) -> list[float | None]:
    """Days from each event to the next dispute of the same place or party."""
    upcoming: dict[str, Event] = {}
    days: list[float | None] = []
    for event in reversed(ordered):
        later = [upcoming[key].time for key in event.keys if key in upcoming]
        days.append((min(later) - event.time) / _DAY if later else None)
        if event.dispute:
            upcoming.update(dict.fromkeys(event.keys, event))
    return days[::-1]


def _climb(spells: Sequence[Spell]) -> Parameters:
    """Pattern search over the logarithms of both: try four neighbours, halve the step."""
    at = (log(SHIPPED.shape), log(SHIPPED.scale_days))
    best, step = log_likelihood(spells, exp(at[0]), exp(at[1])), _FIRST_STEP
    for _ in range(_MAX_ROUNDS):
        around = [(at[0] + dx, at[1] + dy) for dx, dy in _compass(step)]
        value, place = max((log_likelihood(spells, exp(x), exp(y)), (x, y)) for x, y in around)
        if value > best:
            best, at = value, place
        elif step <= _LAST_STEP:
            break
        else:
            step /= 2
    return Parameters(exp(at[0]), exp(at[1]), SHIPPED.window_days)


def _compass(step: float) -> tuple[tuple[float, float], ...]:
    return ((step, 0.0), (-step, 0.0), (0.0, step), (0.0, -step))
