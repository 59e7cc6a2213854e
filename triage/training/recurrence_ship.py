"""Make the shipped weights anew: ``python -m triage.training.recurrence_ship``, which writes
``triage/data/risk``.

Learned on five made-up cities, so that no real log is in them; what kinds of call mean is left to
the refit, because every place has its own words for them.
"""

from __future__ import annotations

import json

from triage.artefact import MANIFEST_FILE, sha256_of
from triage.recurrence_model import MEASURES, RiskModel
from triage.risk_artefact import FORMAT, KIND, WEIGHTS_FILE
from triage.shipped import risk_dir
from triage.training.recurrence_city import City, made_up_log
from triage.training.recurrence_fit import Fitted, Prior, fit_lessons, labelled
from triage.training.recurrence_labels import lessons_of

CITIES = (
    City(places=3000, days=720, rate_per_year=0.7, children=0.1, call_spread=1.0, shape=0.25),
    City(places=1500, days=720, rate_per_year=2.0, children=0.1, call_spread=1.4, shape=0.25),
    City(places=4000, days=300, rate_per_year=0.7, children=0.1, call_spread=1.2, shape=0.2),
    City(places=2000, days=1080, rate_per_year=0.7, children=0.15, call_spread=1.2, shape=0.2),
    City(places=3000, days=720, rate_per_year=0.4, children=0.1, call_spread=1.4, shape=0.15),
)
NAME = "risk-shipped-1"
NOTHING = RiskModel(0.0, (0.0,) * len(MEASURES))
LOOSE = Prior(log_runs_for=10.0)
"""The cities are of many lengths, so how long a log runs is learned like the rest."""


def fit_shipped(cities: tuple[City, ...] = CITIES) -> Fitted:
    """City ``n`` has the seed ``n``; the same machine gives the same weights."""
    lessons = [
        lesson
        for seed, city in enumerate(cities, 1)
        for lesson in labelled(lessons_of(made_up_log(city, seed=seed)))
    ]
    return fit_lessons(lessons, [], NOTHING, prior=LOOSE, source="made-up cities")


def as_toml(fitted: Fitted) -> str:
    model = fitted.model
    weights = [
        f"{name} = {weight:.4f}" for name, weight in zip(MEASURES, model.weights, strict=True)
    ]
    return "\n".join(
        [
            "# The shipped weights of triage/recurrence_model.py.",
            "# Made by `python -m triage.training.recurrence_ship`: learned on disputes of made-up",
            f"# cities (triage/training/recurrence_city.py), {fitted.lessons} of them, of which",
            f"# {fitted.returned} came again.",
            'source = "made-up cities"',
            f"intercept = {model.intercept:.4f}",
            "",
            "[weights]",
            *weights,
            "",
            "[stretch]",
            f"days_30 = {model.stretch[0]:.3f}",
            f"days_365 = {model.stretch[1]:.3f}",
            "",
        ]
    )


def write_shipped(text: str) -> None:
    """The weights with their manifest, where the program looks for them."""
    path = risk_dir() / NAME
    (path / WEIGHTS_FILE).write_text(text, encoding="utf-8")
    files = {WEIGHTS_FILE: sha256_of(path / WEIGHTS_FILE)}
    manifest = {"format": FORMAT, "kind": KIND, "name": NAME, "files": files}
    (path / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_shipped(as_toml(fit_shipped()))
