"""Whether a candidate may serve: no police recall lost, nothing grave handed on anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from triage.errors import ArtefactRefused

LINEAR, ENCODED = "linear", "encoded"
"""Kinds of a model, as its manifest has them; a test compares them with the models' own."""
SLACK = 0.005
"""Recall may differ by this much between two runs over the same held-out texts."""


def read_metrics(path: Path) -> dict[str, Any]:
    """``metrics.json`` of an artefact; ``ArtefactRefused`` when it cannot be read."""
    try:
        figures: dict[str, Any] = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
        return figures
    except (OSError, ValueError) as error:
        why = f"metrics.json cannot be read ({type(error).__name__})"
        raise ArtefactRefused(path.name, why) from None


def objections(candidate: Mapping[str, Any], current: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What stands against ``candidate``; both are ``metrics.json``, held out by brief.

    Figures are compared on each model's own held-out texts, which overlap but need not be equal;
    hence the slack. Without a current model only the candidate's own limits count.
    """
    own = candidate["held_out"]
    found = []
    if own["n"] == 0:
        found.append("it was measured on no text")
    if current is not None:
        before = current["held_out"]
        found += _words_alone(candidate, current)
        found += _lost("police recall", own["police_recall"], before["police_recall"])
        found += _risen(
            "the bound on grave calls handed on",
            own["police_miss_upper95"],
            before["police_miss_upper95"],
        )
    return tuple(found)


def _words_alone(candidate: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """Folds by brief flatter words, for writers resemble each other; on real texts they lose."""
    if candidate.get("kind") == LINEAR and current.get("kind") == ENCODED:
        return ["it judges by words alone, and the model that serves has an encoder"]
    return []


def _lost(name: str, now: float, before: float) -> list[str]:
    return [f"{name} falls from {before:.3f} to {now:.3f}"] if now < before - SLACK else []


def _risen(name: str, now: float, before: float) -> list[str]:
    return [f"{name} rises from {before:.4f} to {now:.4f}"] if now > before + SLACK else []
