"""What is watched day by day: reports and words sorted into fixed bins, and when that alarms.

Bins are fixed, so that days add up to weeks and nothing but counts is kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from server.domain import drift
from server.domain.drift import Alert

NOW_DAYS, BEFORE_DAYS = 7, 28
"""A week is held against the four weeks before it."""
_TOP_BINS = 10

Counts = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Seen:
    """One judged report: characters, whether a grave cue is in force, share of words the model
    never saw, probability of police, label, and whether its caller was known before."""

    n_chars: int
    grave_cue: bool
    unknown_share: float
    p_police: float
    label: str
    linked: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word said without the model's in sight, beside it; ``p`` of the model's label."""

    model_said: str
    p: float
    said: str


class Way(StrEnum):
    """How a week is held against the weeks before: population stability index, a share that moves
    or that falls, or the calibration error of the week itself."""

    PSI = "psi"
    MOVES = "moves"
    FALLS = "falls"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Watch:
    """One thing watched. ``least`` rows in the week, or nothing is said; ``hit`` names the bin
    whose share is watched."""

    what: str
    way: Way
    raise_at: float
    clear_at: float
    least: int = drift.LEAST_ROWS
    hit: str = "yes"


WATCHES: tuple[Watch, ...] = (
    Watch("length", Way.PSI, drift.RAISE_AT, drift.CLEAR_AT),
    Watch("cue", Way.MOVES, 0.10, 0.05),
    Watch("unknown", Way.PSI, drift.RAISE_AT, drift.CLEAR_AT),
    Watch("police_score", Way.PSI, drift.RAISE_AT, drift.CLEAR_AT),
    Watch("label", Way.PSI, drift.RAISE_AT, drift.CLEAR_AT),
    Watch("linked", Way.FALLS, 0.10, 0.05),
    Watch("agreement", Way.FALLS, 0.10, 0.05, least=50),
    Watch("calibration", Way.ERROR, 0.12, 0.08),
)

_LENGTHS = (10, 20, 40, 80, 160)
_UNKNOWN = (0.1, 0.2, 0.35, 0.5)
_SCORES = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9)
_BINS: Mapping[str, Callable[[Seen], str]] = {
    "length": lambda row: str(bisect_right(_LENGTHS, row.n_chars)),
    "cue": lambda row: _yes(row.grave_cue),
    "unknown": lambda row: str(bisect_right(_UNKNOWN, row.unknown_share)),
    "police_score": lambda row: str(bisect_right(_SCORES, row.p_police)),
    "label": lambda row: row.label,
    "linked": lambda row: _yes(row.linked),
}


@dataclass(frozen=True, slots=True)
class Day:
    """Counts of one local day of one thing, and what was thought of it on that evening."""

    day: date
    what: str
    rows: int
    counts: Counts = field(default_factory=dict)
    value: float | None = None
    alert: Alert = field(default_factory=Alert)


def counted(rows: Sequence[Seen], words: Sequence[Word]) -> dict[str, dict[str, float]]:
    """``{what: {bin: count}}`` of one day.

    ``calibration`` holds, for each tenth of probability, how many (``n``), the sum of
    probabilities (``p``) and how many were right (``hit``).
    """
    found = {what: _tally(map(bin_of, rows)) for what, bin_of in _BINS.items()}
    found["agreement"] = _tally(_yes(word.said == word.model_said) for word in words)
    found["calibration"] = _reliability(words)
    return found


def rows_of(what: str, counts: Counts) -> int:
    """How many reports or words the counts are of."""
    if what == "calibration":
        return round(sum(n for name, n in counts.items() if name.startswith("n")))
    return round(sum(counts.values()))


def added(days: Iterable[Counts]) -> dict[str, float]:
    """The sum of several days."""
    total: dict[str, float] = {}
    for counts in days:
        for name, n in counts.items():
            total[name] = total.get(name, 0.0) + n
    return total


def share(counts: Counts, hit: str = "yes") -> float | None:
    total = sum(counts.values())
    return counts.get(hit, 0.0) / total if total else None


def calibration_error(counts: Counts) -> float | None:
    """Expected calibration error over ten equal bins; None without a word."""
    total = rows_of("calibration", counts)
    if not total:
        return None
    gaps = (
        abs(counts.get(f"p{b}", 0.0) - counts.get(f"hit{b}", 0.0)) for b in range(_TOP_BINS + 1)
    )
    return sum(gaps) / total


def value_of(watch: Watch, before: Counts, now: Counts) -> float | None:
    """How far the week stands from the weeks before; None while there is too little of either."""
    if rows_of(watch.what, now) < watch.least:
        return None
    if watch.way is Way.ERROR:
        return calibration_error(now)
    if rows_of(watch.what, before) < watch.least:
        return None
    if watch.way is Way.PSI:
        return drift.psi(before, now)
    fall = (share(before, watch.hit) or 0.0) - (share(now, watch.hit) or 0.0)
    return abs(fall) if watch.way is Way.MOVES else max(0.0, fall)


def judged(
    watch: Watch, day: date, counts: Counts, past: Mapping[date, Counts], alert: Alert
) -> Day:
    """The day with its value and the alert after it; ``past`` are the days before."""
    week = [counts, *(past.get(day - timedelta(days=n), {}) for n in range(1, NOW_DAYS))]
    before = [
        past.get(day - timedelta(days=n), {}) for n in range(NOW_DAYS, NOW_DAYS + BEFORE_DAYS)
    ]
    value = value_of(watch, added(before), added(week))
    if value is not None:
        alert = drift.looked(alert, value, raise_at=watch.raise_at, clear_at=watch.clear_at)
    return Day(day, watch.what, rows_of(watch.what, counts), counts, value, alert)


def weekly(days: Iterable[Day]) -> list[tuple[date, dict[str, float]]]:
    """Counts by week, Mondays first to last."""
    weeks: dict[date, list[Counts]] = {}
    for day in days:
        weeks.setdefault(day.day - timedelta(days=day.day.weekday()), []).append(day.counts)
    return [(monday, added(weeks[monday])) for monday in sorted(weeks)]


def _yes(said: bool) -> str:
    return "yes" if said else "no"


def _tally(bins: Iterable[str]) -> dict[str, float]:
    return {name: float(n) for name, n in Counter(bins).items()}


def _reliability(words: Sequence[Word]) -> dict[str, float]:
    found: dict[str, float] = {}
    for word in words:
        tenth = int(word.p * _TOP_BINS)
        right = float(word.said == word.model_said)
        for name, more in ((f"n{tenth}", 1.0), (f"p{tenth}", word.p), (f"hit{tenth}", right)):
            found[name] = found.get(name, 0.0) + more
    return found
