"""Random audit: a known share of what the model decided alone is looked at by a person.

Only a sample drawn by chance tells how often the model errs where nobody doubts it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

REASON = "random_audit"
_Z = 1.959_963_985  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class AuditFigures:
    """``drawn`` in the window, ``looked`` at so far, ``changed`` of these by the person."""

    drawn: int
    looked: int
    changed: int

    @property
    def share(self) -> float | None:
        return self.changed / self.looked if self.looked else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.changed, self.looked) if self.looked else None


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); fair with few cases and near 0."""
    share, square = hits / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _Z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)
