"""Would threats, drink or how the last case ended add anything? On made-up people, as Markdown.

    python -m benchmarks.recurrence.extras

The truth is set here, so the run says what effect could be seen with how many disputes, not what
effect there is: that needs a street's own records.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.recurrence.open_log import Vector, auc
from triage.recurrence_model import measures
from triage.trail import Trail

MARKS = ("threat", "drink", "unsettled")
NOTHING = {"threat": 1.0, "drink": 1.0, "unsettled": 1.0}
WEAK = {"threat": 1.2, "drink": 1.2, "unsettled": 1.3}
STRONG = {"threat": 1.6, "drink": 1.4, "unsettled": 2.0}
SHARES = {"threat": 0.08, "drink": 0.15, "unsettled": 0.29}
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


def compare(effect: dict[str, float], disputes: int, seed: int) -> tuple[float, float, list[float]]:
    """AUC by history, AUC with the marks, and the odds ratios found for them."""
    learn = made_up(disputes, effect, seed)
    test = made_up(6000, effect, seed + 1000)
    size = min(disputes, len(learn.returned))
    rows = slice(0, size)
    plain = LogisticRegression(C=0.3, max_iter=3000).fit(learn.past[rows], learn.returned[rows])
    both = np.hstack([learn.past, learn.marks])
    full = LogisticRegression(C=0.3, max_iter=3000).fit(both[rows], learn.returned[rows])
    alone = auc(test.returned, plain.predict_proba(test.past)[:, 1])
    more = auc(test.returned, full.predict_proba(np.hstack([test.past, test.marks]))[:, 1])
    return alone, more, np.exp(full.coef_[0, -len(MARKS) :]).tolist()


def main() -> None:
    print(
        "| true effect | disputes | AUC by history | with marks | gain | odds found: "
        + ", ".join(MARKS)
    )
    print("|---|---|---|---|---|---|")
    for name, effect in (("none", NOTHING), ("weak", WEAK), ("strong", STRONG)):
        for disputes in (300, 1000, 3000):
            runs = [compare(effect, disputes, seed) for seed in range(3)]
            alone = np.mean([run[0] for run in runs])
            more = np.mean([run[1] for run in runs])
            odds = [f"{min(o):.1f}–{max(o):.1f}" for o in zip(*(r[2] for r in runs), strict=True)]
            print(
                f"| {name} | {disputes} | {alone:.3f} | {more:.3f} | {more - alone:+.3f} "
                f"| {', '.join(odds)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
