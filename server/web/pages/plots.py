"""Where lines and bars of a chart stand; the templates draw them as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

WIDTH, HEIGHT = 600, 140
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 592, 10, 116
_TICKS = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """A word at a place: of an axis, or beside a limit."""

    at: float
    word: str


@dataclass(frozen=True, slots=True)
class Plot:
    """``lines`` are the points of each unbroken stretch, ``dots`` of values that stand alone,
    ``limits`` horizontal lines; ``last`` is the newest value in words."""

    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    limits: tuple[Mark, ...]
    ticks: tuple[Mark, ...]
    top: Mark
    last: str


@dataclass(frozen=True, slots=True)
class Box:
    """One piece of a stacked bar."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    word: str


def line(
    values: Sequence[tuple[str, float | None]], *, limits: Sequence[float] = (), most: float = 0.0
) -> Plot:
    """A line through ``(word, value)``; None breaks it. The scale begins at 0."""
    known = [value for _, value in values if value is not None]
    top = max([most, *known, *limits]) * 1.05 or 1.0
    placed = [
        None if value is None else (_x(i, len(values)), _y(value, top))
        for i, (_, value) in enumerate(values)
    ]
    runs = [list(run) for there, run in groupby(placed, key=lambda p: p is not None) if there]
    points = [[point for point in run if point is not None] for run in runs]
    return Plot(
        lines=tuple(" ".join(f"{x:.1f},{y:.1f}" for x, y in run) for run in points if len(run) > 1),
        dots=tuple(run[0] for run in points if len(run) == 1),
        limits=tuple(Mark(_y(limit, top), f"{limit:g}") for limit in limits),
        ticks=_ticks([word for word, _ in values]),
        top=Mark(_y(top / 1.05, top), f"{top / 1.05:.2f}"),
        last=f"{known[-1]:.3f}" if known else "—",
    )


def stacked(bars: Sequence[tuple[str, Sequence[tuple[str, float]]]]) -> tuple[Box, ...]:
    """One bar for each word, its pieces as shares of their sum from the bottom up."""
    width = (_RIGHT - _LEFT) / max(1, len(bars))
    return tuple(box for i, bar in enumerate(bars) for box in _bar(bar, _LEFT + i * width, width))


def ticks(words: Sequence[str]) -> tuple[Mark, ...]:
    """The words under a stacked chart, each under the middle of its bar."""
    width = (_RIGHT - _LEFT) / max(1, len(words))
    step = max(1, -(-len(words) // _TICKS))
    chosen = list(enumerate(words))[::step]
    return tuple(Mark(_LEFT + (i + 0.5) * width, word) for i, word in chosen)


def _bar(bar: tuple[str, Sequence[tuple[str, float]]], x: float, width: float) -> Iterable[Box]:
    word, pieces = bar
    total, y = sum(n for _, n in pieces), float(_BOTTOM)
    for kind, n in pieces:
        height = (_BOTTOM - _TOP) * n / total if total else 0.0
        y -= height
        said = f"{word} {n / total * 100:.0f}%" if total else word
        yield Box(x + width * 0.1, y, width * 0.8, height, kind, said)


def _ticks(words: Sequence[str]) -> tuple[Mark, ...]:
    step = max(1, -(-len(words) // _TICKS))
    return tuple(Mark(_x(i, len(words)), words[i]) for i in range(0, len(words), step))


def _x(i: int, n: int) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (i / (n - 1) if n > 1 else 0.5)


def _y(value: float, top: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * min(1.0, max(0.0, value / top))
