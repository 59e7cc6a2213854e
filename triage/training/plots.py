"""The plots of an evaluation as plain SVG: no script, no font of its own, nothing fetched.

Each function gives one ``<svg>`` that stands alone as a file and inside a page; what it shows is
also in its ``aria-label`` and in the numbers beside it, so colour is never the only sign.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from triage.taxonomy import CATEGORY_NAMES_ZH, LABEL_NAMES_ZH, LABELS

_SIZE = 260
_EDGE = 34
_ROW = 18
_NAMES = 150
_FONT = "'PingFang SC','Microsoft YaHei','Noto Sans CJK SC','Noto Sans SC',sans-serif"
_MOST_GROUPS = 60
_HARD_ZH = {"true": "难", "false": "不难"}

Point = tuple[float, float]

RELIABILITY = "可靠性：横轴为所说的警情概率，纵轴为实际比例"
RISK_COVERAGE = "风险与覆盖：横轴为自动判断的比例，纵轴为其中判错的比例"
CONFUSION = "判为何类：行为实际，列为判定，格中为条数与占该行的比例"
GROUPS = "各组正确率与 95% 区间"


def plots(parts: Mapping[str, Any]) -> dict[str, str]:
    """File name -> SVG, of what ``breakdown`` gives; a few kilobytes each, none of nothing."""
    if not parts:
        return {}
    made = {
        "plot-reliability.svg": reliability_svg(parts["reliability"]),
        "plot-risk-coverage.svg": risk_coverage_svg(parts["risk_coverage"]),
        "plot-confusion.svg": confusion_svg(parts["confusion"]),
    }
    for name, key in (("category", "by_category"), ("style", "by_style"), ("hard", "by_hard")):
        if parts.get(key):
            made[f"plot-{name}.svg"] = groups_svg(parts[key])
    return made


def reliability_svg(bins: Sequence[Mapping[str, Any]]) -> str:
    """Said against seen, with intervals; on the diagonal what is said is true."""
    bars = "".join(
        f'<line x1="{_x(b["said"])}" x2="{_x(b["said"])}" y1="{_y(b["was_95"][0])}" '
        f'y2="{_y(b["was_95"][1])}" stroke="#9db2c9"/>'
        for b in bins
    )
    points = [(b["said"], b["was"]) for b in bins]
    return _curve(RELIABILITY, points, bars + _diagonal())


def risk_coverage_svg(points: Sequence[Mapping[str, float]]) -> str:
    """The share of wrong labels when only the surest so many are judged."""
    return _curve(RISK_COVERAGE, [(p["coverage"], p["risk"]) for p in points], "")


def confusion_svg(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Truth by label given; darker is a greater share of the row."""
    cell, left, top = 62, 84, 26
    drawn = [
        f'<text x="{left + cell * (at + 0.5)}" y="{top - 8}" text-anchor="middle">{name}</text>'
        for at, name in enumerate(_short_names())
    ]
    for row, truth in enumerate(LABELS):
        own = counts[str(truth)]
        y = top + cell * row
        drawn.append(f'<text x="4" y="{y + cell / 2 + 4}">{_short_names()[row]}</text>')
        for column, label in enumerate(LABELS):
            share = own[str(label)] / max(1, sum(own.values()))
            drawn.append(_cell(left + cell * column, y, cell, own[str(label)], share))
    width, height = left + cell * len(LABELS) + 4, top + cell * len(LABELS) + 4
    return _svg(width, height, CONFUSION, "".join(drawn))


def groups_svg(groups: Mapping[str, Mapping[str, Any]]) -> str:
    """Accuracy of each group as a dot on its interval, worst first; at most sixty groups."""
    worst = sorted(groups.items(), key=lambda pair: pair[1]["accuracy"])[:_MOST_GROUPS]
    height = _ROW * (len(worst) + 1) + 6
    drawn = [
        f'<text x="{_bar(t)}" y="{height - 4}" text-anchor="middle">{t:g}</text>'
        f'<line x1="{_bar(t)}" x2="{_bar(t)}" y1="0" y2="{height - _ROW}" stroke="#e3e8ee"/>'
        for t in (0, 0.25, 0.5, 0.75, 1)
    ]
    for row, (name, own) in enumerate(worst):
        y, (low, high) = _ROW * row + 12, own["accuracy_95"]
        shown = escape(CATEGORY_NAMES_ZH.get(name, _HARD_ZH.get(name, name)))
        drawn.append(
            f'<text x="4" y="{y + 4}">{shown}（{own["n"]}）</text>'
            f'<line x1="{_bar(low)}" x2="{_bar(high)}" y1="{y}" y2="{y}" stroke="#9db2c9"/>'
            f'<circle cx="{_bar(own["accuracy"])}" cy="{y}" r="3" fill="#1f5fa8"/>'
        )
    return _svg(_NAMES + _SIZE, height, GROUPS, "".join(drawn))


def _short_names() -> list[str]:
    return [LABEL_NAMES_ZH[label] for label in LABELS]


def _cell(x: float, y: float, size: int, n: int, share: float) -> str:
    ink = "#fff" if share > 0.5 else "#1b2430"
    middle = x + size / 2
    return (
        f'<rect x="{x}" y="{y}" width="{size - 2}" height="{size - 2}" fill="#1f5fa8" '
        f'fill-opacity="{max(0.06, share):.2f}"/>'
        f'<text x="{middle}" y="{y + size / 2 - 2}" text-anchor="middle" fill="{ink}">{n}</text>'
        f'<text x="{middle}" y="{y + size / 2 + 12}" text-anchor="middle" fill="{ink}">'
        f"{share:.1%}</text>"
    )


def _curve(caption: str, points: Sequence[Point], behind: str) -> str:
    path = " ".join(f"{_x(x)},{_y(y)}" for x, y in points)
    dots = "".join(f'<circle cx="{_x(x)}" cy="{_y(y)}" r="3" fill="#1f5fa8"/>' for x, y in points)
    ticks = "".join(
        f'<text x="{_x(t)}" y="{_SIZE - 12}" text-anchor="middle">{t:g}</text>'
        f'<text x="6" y="{_y(t) + 3}">{t:g}</text>'
        for t in (0, 0.25, 0.5, 0.75, 1)
    )
    line = f'<polyline points="{path}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>'
    return _svg(_SIZE, _SIZE, caption, behind + line + dots + ticks)


def _svg(width: float, height: float, caption: str, inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label="{caption}" '
        f'font-family="{_FONT}" font-size="10" fill="#4a5766">'
        f'<rect width="100%" height="100%" fill="#fff"/>{inside}</svg>'
    )


def _diagonal() -> str:
    return (
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" '
        'stroke="#c7ced6" stroke-dasharray="4 4"/>'
    )


def _x(share: float) -> float:
    return round(_EDGE + share * (_SIZE - _EDGE - 10), 1)


def _y(share: float) -> float:
    return round(_SIZE - _EDGE - share * (_SIZE - _EDGE - 10), 1)


def _bar(share: float) -> float:
    return round(_NAMES + share * (_SIZE - 20), 1)
