"""Whether a camera sees: dark, over-exposed, covered, blurred, frozen. Numbers in, words out.

Measured on a grey copy of 160 x 90, which a thumb of a picture gives cheaply and which noise does
not inflate (a Laplacian of the whole picture measures its noise). A fault counts once it has
lasted: somebody walks past, a headlight shines in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.telemetry import CameraQuality

Picture = NDArray[np.uint8]

SIZE = (160, 90)
FAULTS = ("dark", "over_exposed", "covered", "blurred", "frozen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Grey levels 0 to 255; shares 0 to 1. Chosen between made pictures and their faults, see
    the table in the tests."""

    dark_p95: float = 35
    bright_mean: float = 225
    bright_share: float = 0.6
    flat_std: float = 6
    sharp_min: float = 30
    still_max: float = 0.02
    lasts_s: float = 5
    frozen_lasts_s: float = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """``sharpness`` is the variance of the Laplacian over that of the picture, times 100, so that
    a dim picture is not called blurred; ``change`` the mean difference to the frame before."""

    mean: float
    p95: float
    bright_share: float
    std: float
    sharpness: float
    change: float | None


def small_grey(picture: Picture) -> Picture:
    """The copy that is measured; ``picture`` is BGR or grey."""
    small = cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA)
    return _bytes(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small)


def measure(grey: Picture, before: Picture | None) -> Measures:
    std = float(grey.std())
    laplacian = float(cv2.Laplacian(grey, cv2.CV_32F).var())
    change = None if before is None else float(cv2.absdiff(grey, before).mean())
    return Measures(
        mean=float(grey.mean()),
        p95=float(np.percentile(grey, 95)),
        bright_share=float((grey >= 250).mean()),
        std=std,
        sharpness=100 * laplacian / max(std * std, 1.0),
        change=change,
    )


def faults(found: Measures, limits: Limits) -> frozenset[str]:
    """All that is wrong with one frame. In the dark nobody can tell covered, nor sharp."""
    out = set()
    if found.p95 < limits.dark_p95:
        out.add("dark")
    if found.mean > limits.bright_mean or found.bright_share > limits.bright_share:
        out.add("over_exposed")
    if not out and found.std < limits.flat_std:
        out.add("covered")
    elif not out and found.sharpness < limits.sharp_min:
        out.add("blurred")
    if found.change is not None and found.change < limits.still_max:
        out.add("frozen")
    return frozenset(out)


@dataclass(slots=True)
class Lasting:
    """Since when each fault has been seen without a break."""

    limits: Limits
    _since: dict[str, float] = field(default_factory=dict)

    def note(self, seen: frozenset[str], now_s: float) -> frozenset[str]:
        """The faults that have lasted long enough by now."""
        for name in FAULTS:
            if name not in seen:
                self._since.pop(name, None)
        out = set()
        for name in seen:
            since = self._since.setdefault(name, now_s)
            needed = self.limits.frozen_lasts_s if name == "frozen" else self.limits.lasts_s
            if now_s - since >= needed:
                out.add(name)
        return frozenset(out)


def quality(lasting: frozenset[str]) -> CameraQuality:
    """As the contract's frame says it; an over-exposed picture shows as little as a covered one."""
    return CameraQuality(
        dark="dark" in lasting,
        blurred="blurred" in lasting,
        covered="covered" in lasting or "over_exposed" in lasting,
        frozen="frozen" in lasting,
    )


def _bytes(array: Any) -> Picture:
    return np.ascontiguousarray(array, dtype=np.uint8)
