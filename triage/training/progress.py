"""How far a training run is: a stage and the share of the whole that is done."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str, float], None]
"""Called with a stage of ``WORDS`` or ``WITH_ENCODER`` and a share from 0 to 1, never falling."""

WORDS = {"read": 0.05, "folds": 0.55, "fit": 0.25, "choose": 0.1, "write": 0.05}
"""Stages with the share of time each took on 12,238 texts."""
WITH_ENCODER = {
    "read": 0.02,
    "folds": 0.2,
    "fit": 0.08,
    "encode": 0.35,
    "heads": 0.28,
    "choose": 0.02,
    "write": 0.05,
}


def silent(_stage: str, _share: float) -> None:
    """For whoever does not want to know."""


class Progress:
    """Turns "part 2 of 6 of this stage" into a share of the whole run."""

    def __init__(self, tell: Tell, *, encoder: bool) -> None:
        self._tell = tell
        self._costs = WITH_ENCODER if encoder else WORDS

    def at(self, stage: str, part: int = 0, parts: int = 1) -> None:
        """``part`` of ``parts`` of ``stage`` is done; ``KeyError`` for a stage it has not."""
        names = list(self._costs)
        before = sum(self._costs[name] for name in names[: names.index(stage)])
        self._tell(stage, round(min(1.0, before + self._costs[stage] * part / parts), 4))
