"""Would threats, drink, the kind or how the last case ended add anything? On made-up people.

    python -m benchmarks.recurrence.extras

The truth is set here, so the run says what effect could be seen with how many disputes, not what
effect there is: that needs a street's own records.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.recurrence.open_log import Vector, auc, paired_interval
from triage.recurrence_model import measures
from triage.trail import Trail

MARKS = ("threat", "drink", "family", "unsettled")
"""``family``: the kind of dispute is one of marriage and family, against all others."""
NOTHING = {"threat": 1.0, "drink": 1.0, "family": 1.0, "unsettled": 1.0}
WEAK = {"threat": 1.2, "drink": 1.2, "family": 1.2, "unsettled": 1.3}
STRONG = {"threat": 1.6, "drink": 1.4, "family": 1.5, "unsettled": 2.0}
SHARES = {"threat": 0.08, "drink": 0.15, "family": 0.3, "unsettled": 0.29}
MOST_HONEST_AUC = 0.85
"""Above it at person level, made-up data tells the answer by something else than history."""
DAYS, BURN_IN, WINDOW = 720, 240, 90


@dataclass(frozen=True)
class Sample:
    past: Vector
    marks: Vector
    returned: Vector


def made_up(people: int, effect: dict[str, float], seed: int) -> Sample:
    """Gamma distributed rates; for 90 days after a dispute each mark multiplies the hazard."""
    draw = Random(seed)
    rows = [row for _ in range(people) for row in _person(draw, effect)]
    past, marks, returned = zip(*rows, strict=True)
    return Sample(np.array(past), np.array(marks, float), np.array(returned, float))


def _person(
    draw: Random, effect: dict[str, float]
) -> list[tuple[tuple[float, ...], list[bool], bool]]:
    rate = draw.gammavariate(0.5, 1 / 150)
    day, times, marked = draw.expovariate(rate), [], []
    while day < DAYS:
        marks = [draw.random() < SHARES[name] for name in MARKS]
        times.append(day)
        marked.append(marks)
        more = np.prod([effect[n] for n, there in zip(MARKS, marks, strict=True) if there])
        wait = draw.expovariate(rate * float(more))
        day += wait if wait <= WINDOW else WINDOW + draw.expovariate(rate)
    trail, rows = Trail(0.0), []
    for number, at in enumerate(times):
        if BURN_IN <= at <= DAYS - WINDOW:
            known = measures(trail.past(at, "", log_runs_for=at))
            again = number + 1 < len(times) and times[number + 1] - at <= WINDOW
            rows.append((known, marked[number], again))
        trail.add(at, "", dispute=True)
    return rows


@dataclass(frozen=True)
class Interval:
    """An estimate with the 2.5 % and 97.5 % quantiles of its bootstrap."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def odds(sample: Sample, *, rounds: int = 100, seed: int = 1) -> dict[str, Interval]:
    """Odds ratio of each mark beside the history, with a bootstrap over disputes."""
    draw = np.random.default_rng(seed)
    size = len(sample.returned)
    found = _odds_of(sample, np.arange(size))
    again = np.array([_odds_of(sample, draw.integers(0, size, size)) for _ in range(rounds)])
    low, high = np.quantile(again, [0.025, 0.975], axis=0)
    return {
        name: Interval(float(found[n]), float(low[n]), float(high[n]))
        for n, name in enumerate(MARKS)
    }


def _odds_of(sample: Sample, rows: np.ndarray[Any, np.dtype[np.int64]]) -> Vector:
    table = np.hstack([sample.past[rows], sample.marks[rows]])
    fitted = LogisticRegression(C=0.3, max_iter=3000).fit(table, sample.returned[rows])
    return np.array(np.exp(fitted.coef_[0, -len(MARKS) :]))


def first(sample: Sample, disputes: int) -> Sample:
    rows = slice(0, disputes)
    return Sample(sample.past[rows], sample.marks[rows], sample.returned[rows])


def gain(effect: dict[str, float], disputes: int, seed: int) -> tuple[float, Interval]:
    """AUC by history alone, and what the marks add to it, paired bootstrap over other people."""
    learn, test = first(made_up(disputes, effect, seed), disputes), made_up(4000, effect, seed + 99)
    plain = LogisticRegression(C=0.3, max_iter=3000).fit(learn.past, learn.returned)
    both = np.hstack([learn.past, learn.marks])
    full = LogisticRegression(C=0.3, max_iter=3000).fit(both, learn.returned)
    alone = plain.predict_proba(test.past)[:, 1]
    more = full.predict_proba(np.hstack([test.past, test.marks]))[:, 1]
    return auc(test.returned, alone), Interval(*paired_interval(test.returned, more, alone))


def main() -> None:
    print("| planted | disputes | AUC by history | gain [95 %] | odds found: " + ", ".join(MARKS))
    print("|---|---|---|---|---|")
    for name, effect in (("none", NOTHING), ("weak", WEAK), ("strong", STRONG)):
        for disputes in (300, 1000, 3000):
            alone, more = gain(effect, disputes, seed=1)
            leak = " **leak**" if alone > MOST_HONEST_AUC else ""
            found = odds(first(made_up(disputes, effect, 1), disputes))
            told = ", ".join(str(found[mark]) for mark in MARKS)
            line = f"{more.value:+.3f} [{more.low:+.3f}, {more.high:+.3f}] | {told}"
            print(f"| {name} | {disputes} | {alone:.3f}{leak} | {line} |", flush=True)


if __name__ == "__main__":
    main()
