"""All rules on the open log in one run, as Markdown.

    python -m benchmarks.recurrence.compare /path/to/repeat-calls.csv.gz > report.md

The log stays where it is: nothing of it is written but figures.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np

from benchmarks.recurrence.open_log import Town, paired_interval, read_town, town_of
from benchmarks.recurrence.rivals import RIVALS
from triage.recurrence_model import RiskModel, model_of
from triage.rows import Event
from triage.shipped import recurrence_text
from triage.training.recurrence_figures import Vector, auc, brier, ece, reliability
from triage.training.recurrence_fit import fit_lessons, fit_risk, labelled
from triage.training.recurrence_labels import Lesson, lessons_of

SHIPPED = model_of(recurrence_text())
HEADING = "| rule | AUC | Brier | ECE | quiet AUC |\n|---|---|---|---|---|"


def risks(model: RiskModel, lessons: Sequence[Lesson]) -> Vector:
    return np.array([model.probability(one.past, one.kind) for one in lessons])


def line(name: str, town: Town, found: Vector) -> str:
    quiet = auc(town.labels[town.quiet], found[town.quiet])
    figures = (auc(town.labels, found), brier(town.labels, found), ece(town.labels, found), quiet)
    return f"| {name} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |"


def comparison(town: Town) -> str:
    train = [one for one in lessons_of(town.before()) if one.past.log_runs_for >= 120]
    found = {name: rule(train)(town.test) for name, rule in RIVALS.items()}
    found["**shipped weights, no refit**"] = risks(SHIPPED, town.test)
    refitted = fit_risk(town.before(), SHIPPED).model
    found["**refit (what `--fit` does)**"] = risks(refitted, town.test)
    rows = [line(name, town, one) for name, one in found.items()]
    base = found["gamma–Poisson"]
    pairs = []
    for name, one in found.items():
        more, low, high = paired_interval(town.labels, one, base)
        pairs.append(f"| {name} | {more:+.3f} | [{low:+.3f}, {high:+.3f}] |")
    bins = [
        f"| {r:.2f} | {y:.2f} | {n} | {'█' * round(20 * y)} |"
        for r, y, n in reliability(town.labels, found["**refit (what `--fit` does)**"])
    ]
    size = f"{len(town.test)} test disputes, base {town.labels.mean():.3f}"
    return "\n".join(
        [
            f"## Comparison ({size}; {int(town.quiet.sum())} at quiet places)\n",
            HEADING,
            *rows,
            "\nAUC over the gamma–Poisson rule, paired bootstrap of 500:\n",
            "| rule | difference | 95 % |\n|---|---|---|",
            *pairs,
            "\n## Reliability of the refit\n",
            "| told | came true | n | |\n|---|---|---|---|",
            *bins,
        ]
    )


def transfer(big: Town, small: Town) -> str:
    here = fit_risk(big.before(), SHIPPED).model
    plain = RiskModel(here.intercept, here.weights)
    return "\n".join(
        [
            f"\n## Transfer to the other town ({len(small.test)} disputes, no refit there)\n",
            HEADING,
            line("shipped weights", small, risks(SHIPPED, small.test)),
            line("fitted on the first town", small, risks(here, small.test)),
            line("the same, its kinds left out", small, risks(plain, small.test)),
        ]
    )


def learning_curve(town: Town) -> str:
    every = labelled([o for o in lessons_of(town.before()) if o.past.log_runs_for >= 120])
    kinds = sorted({one.kind for one in every})
    rows = []
    for size in (50, 100, 200, 400, 800, 1600, len(every)):
        some = [Random(seed).sample(every, size) for seed in range(5)]
        found = [risks(fit_lessons(one, kinds, SHIPPED).model, town.test) for one in some]
        areas = [auc(town.labels, one) for one in found]
        errors = [ece(town.labels, one) for one in found]
        rows.append(f"| {size} | {np.mean(areas):.3f} | {np.mean(errors):.3f} |")
    head = "\n## Learning curve (mean of 5 draws)\n\n| disputes | AUC | ECE |\n|---|---|---|"
    return "\n".join([head, *rows])


def missed_links(town: Town) -> str:
    """Some calls lose their place in what the rule sees, but not in the truth."""
    rows = []
    for share in (0.0, 0.05, 0.10, 0.20):
        draw = Random(1)
        seen = [
            _unlinked(one, number) if draw.random() < share else one
            for number, one in enumerate(town.events)
        ]
        blind = town_of(seen, town.test_ids)
        model = fit_risk([e for e in seen if e.time < town.began], SHIPPED).model
        found = risks(model, blind.test)
        figures = f"{auc(town.labels, found):.3f} | {found.mean():.3f} | {town.labels.mean():.3f}"
        rows.append(f"| {share:.0%} | {figures} |")
    names = "| missed | AUC | mean told | came true |\n|---|---|---|---|"
    head = f"\n## Missed links (refit on what was seen)\n\n{names}"
    return "\n".join([head, *rows])


def _unlinked(event: Event, number: int) -> Event:
    return replace(event, keys=(f"place:lost-{number}",))


def main() -> None:
    path = Path(sys.argv[1])
    big = read_town(path, "lbpd")
    print(comparison(big))
    print(transfer(big, read_town(path, "slopd", quiet_calls=6)))
    print(learning_curve(big))
    print(missed_links(big))


if __name__ == "__main__":
    main()
