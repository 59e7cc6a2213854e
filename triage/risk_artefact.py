"""Weights of the recurrence rule as an artefact: one directory with a manifest, checked at load.

They live in ``HOME/risk`` over the shipped ones, beside the models of texts and under the same
promotions, roll-backs and signatures (``registry``, ``signing``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from triage.artefact import MANIFEST_FILE, sha256_of
from triage.errors import AlreadyThere, ArtefactRefused
from triage.recurrence_model import MEASURES, RiskModel, model_of
from triage.registry import Artefact, Registry
from triage.shipped import risk_dir

FOLDER = "risk"
KIND = "risk"
FORMAT = 1
WEIGHTS_FILE = "weights.toml"
MOST_WEIGHT = 10.0
"""A weight beyond it makes one call more decide everything: a fit gone wrong, not a finding."""
MOST_INTERCEPT = 20.0
STRETCHES = ((0.01, 1.0), (1.0, 20.0))
"""No fewer return in 90 days than in 30, and none more than in 365."""


def registry_of(home: Path | None) -> Registry:
    """The weights of a home over the shipped ones."""
    return Registry(risk_dir(), home / FOLDER if home else None)


def read(registry: Registry, artefact: Artefact) -> RiskModel:
    """The weights of ``artefact``; ``ArtefactRefused`` unless signed, unchanged and sane."""
    registry.verify(artefact)
    facts = facts_of(artefact.path)
    file = artefact.path / WEIGHTS_FILE
    try:
        said = facts["files"][WEIGHTS_FILE]
        text = file.read_text(encoding="utf-8")
        if sha256_of(file) != said:
            raise ArtefactRefused(artefact.name, f"{WEIGHTS_FILE} was changed after it was made")
        model = model_of(text)
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{WEIGHTS_FILE} cannot be read ({type(error).__name__})"
        raise ArtefactRefused(artefact.name, why) from None
    if beyond := out_of_bounds(model):
        raise ArtefactRefused(artefact.name, beyond)
    return model


def facts_of(path: Path) -> Mapping[str, Any]:
    """The manifest at ``path``; ``ArtefactRefused`` when it is none of this kind."""
    try:
        facts: dict[str, Any] = json.loads((path / MANIFEST_FILE).read_text(encoding="utf-8"))
        kind, form, name = facts["kind"], facts["format"], facts["name"]
    except (OSError, KeyError, TypeError, ValueError) as error:
        why = f"{MANIFEST_FILE} cannot be read ({type(error).__name__})"
        raise ArtefactRefused(path.name, why) from None
    if (kind, form) != (KIND, FORMAT):
        raise ArtefactRefused(path.name, f"{MANIFEST_FILE} is of kind {kind!r}, format {form!r}")
    if name != path.name:
        raise ArtefactRefused(path.name, f"{MANIFEST_FILE} says its name is {name}")
    return facts


def write(folder: Path, name: str, model: RiskModel, facts: Mapping[str, Any]) -> Path:
    """A new artefact in ``folder``; the manifest comes last, so that a half one is none."""
    path = folder / name
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        raise AlreadyThere(name) from None
    (path / WEIGHTS_FILE).write_text(text_of(model), encoding="utf-8")
    manifest = {
        "format": FORMAT,
        "kind": KIND,
        "name": name,
        "files": {WEIGHTS_FILE: sha256_of(path / WEIGHTS_FILE)},
        **facts,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (path / MANIFEST_FILE).write_text(text, encoding="utf-8")
    return path


def out_of_bounds(model: RiskModel) -> str | None:
    """What is wrong with the weights in a few words, None when they may serve."""
    named = {
        **dict(zip(MEASURES, model.weights, strict=True)),
        **model.kind_weights,
        **model.own_weights,
    }
    for name, weight in named.items():
        if not (isfinite(weight) and abs(weight) <= MOST_WEIGHT):
            return f"the weight of {name} is {weight:g}, at most {MOST_WEIGHT:g} either way fits"
    if not (isfinite(model.intercept) and abs(model.intercept) <= MOST_INTERCEPT):
        return f"the intercept is {model.intercept:g}, at most {MOST_INTERCEPT:g} either way fits"
    for days, factor, (least, most) in zip((30, 365), model.stretch, STRETCHES, strict=True):
        if not least <= factor <= most:
            return f"the stretch to {days} days is {factor:g}, {least:g} to {most:g} fits"
    return None


def text_of(model: RiskModel) -> str:
    """The TOML that ``model_of`` reads back exactly."""
    lines = [f"source = {_quoted(model.source)}", f"intercept = {model.intercept!r}"]
    lines += ["", "[weights]"]
    lines += [f"{name} = {w!r}" for name, w in zip(MEASURES, model.weights, strict=True)]
    at_30, at_365 = model.stretch
    lines += ["", "[stretch]", f"days_30 = {at_30!r}", f"days_365 = {at_365!r}"]
    for table, found in (("kinds", model.kind_weights), ("own", model.own_weights)):
        lines += ["", f"[{table}]", *(f"{_quoted(kind)} = {w!r}" for kind, w in found.items())]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
