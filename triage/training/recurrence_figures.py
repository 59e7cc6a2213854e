"""The figures a rule of recurrence is judged by."""

from __future__ import annotations

from typing import Any

import numpy as np

Vector = np.ndarray[Any, np.dtype[np.float64]]


def auc(labels: Vector, scores: Vector) -> float:
    """The chance that one that returned has the higher score; equal ones count half."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    ones = labels.sum()
    wins = ranks[labels == 1].sum() - ones * (ones + 1) / 2
    return float(wins / ones / (len(labels) - ones))


def brier(labels: Vector, risks: Vector) -> float:
    return float(((risks - labels) ** 2).mean())


def ece(labels: Vector, risks: Vector, bins: int = 10) -> float:
    """Expected calibration error over equally wide bins."""
    off = sum(abs(r - y) * n for r, y, n in reliability(labels, risks, bins))
    return float(off) / len(labels)


def reliability(labels: Vector, risks: Vector, bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean risk, share that returned, number) of each bin that holds any."""
    place = np.minimum((risks * bins).astype(int), bins - 1)
    held = [place == number for number in range(bins)]
    return [(risks[m].mean(), labels[m].mean(), int(m.sum())) for m in held if m.any()]
