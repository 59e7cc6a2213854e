"""An evaluation as one HTML page: tables and inline SVG plots, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from triage.taxonomy import CATEGORY_NAMES_ZH, LABEL_NAMES_ZH, LABELS, ROUTE_NAMES_ZH, Label

_SIZE = 260
_EDGE = 34
_STYLE = """body{font-family:"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",
sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2430;line-height:1.5}
table{border-collapse:collapse;margin:.6rem 0 1.4rem}th,td{border:1px solid #cfd6de;padding:.25rem
.6rem;text-align:right}th:first-child,td:first-child{text-align:left}th{background:#eef2f6}
figure{display:inline-block;margin:0 1.5rem 1rem 0}figcaption{font-size:.9rem;color:#4a5766}
svg{background:#fff;border:1px solid #cfd6de}svg text{font-size:10px;fill:#4a5766}"""
_HEADS = ("组", "条数", "正确率", "95% 区间", "警情", "漏放", "漏放上界")

Point = tuple[float, float]


def report_html(
    figures: Mapping[str, Any],
    parts: Mapping[str, Any],
    baselines: Sequence[Mapping[str, Any]] = (),
) -> str:
    """``figures`` is the contract's object, ``parts`` what ``breakdown`` gives, ``baselines`` other
    models' figures on the same texts, each with a ``model``."""
    body = "\n".join(_sections(figures, parts, baselines))
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        f"<title>研判评测 {escape(str(figures['model']))}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def _sections(
    figures: Mapping[str, Any], parts: Mapping[str, Any], baselines: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    yield f"<h1>研判评测 {escape(str(figures['model']))}</h1>"
    yield _summary(figures, parts)
    yield f"<h2>与基线同场比较</h2>{_compared([{**figures, **parts}, *baselines])}"
    yield f"<h2>各类</h2>{_labels(figures)}"
    yield f"<h2>判为何类</h2>{_matrix(parts['confusion'], LABEL_NAMES_ZH)}"
    yield f"<h2>去向</h2>{_matrix(figures['routes'], ROUTE_NAMES_ZH)}"
    yield f"<h2>可信程度</h2>{reliability_svg(parts['reliability'])}"
    yield risk_coverage_svg(parts["risk_coverage"])
    yield f"<h2>类别占比</h2>{_shares(parts['shares'])}"
    for title, key in (("难易", "by_hard"), ("写法", "by_style"), ("细类", "by_category")):
        if parts[key]:
            yield f"<h2>按{title}</h2>{_groups(parts[key])}"
    yield f"<h2>误判 {len(parts['misses'])} 条</h2>{_misses(parts['misses'])}"


def _summary(figures: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    low, high = figures["intervals95"]["accuracy"]
    missed, police = len(figures["dangerous_misses"]), figures["per_label"]["police"]["n"]
    return (
        f"<p>共 {figures['n']} 条；正确率 {figures['accuracy']:.3f}（{low:.3f}–{high:.3f}），"
        f"宏平均 F1 {figures['macro_f1']:.3f}，警情 AUC {parts['police_auc']:.3f}。"
        f"警情被直接放走 {missed}/{police} 条，单侧 95% 上界 "
        f"{figures['police_miss_upper95']:.2%}；纠纷直接派调解 "
        f"{figures['dispute_diverted_share']:.1%}；人工研判 {figures['review_share']:.1%}。</p>"
    )


def _compared(rows: Sequence[Mapping[str, Any]]) -> str:
    heads = ("模型", "正确率", "宏平均 F1", "警情 AUC", "警情召回")
    keys = ("accuracy", "macro_f1", "police_auc", "police_recall")
    cells = [[escape(str(r["model"])), *(f"{r[k]:.3f}" for k in keys)] for r in rows]
    return table(heads, cells)


def _labels(figures: Mapping[str, Any]) -> str:
    heads = ("类", "条数", "精确率", "召回率", "召回 95% 区间", "F1")
    rows = []
    for label in LABELS:
        own = figures["per_label"][label]
        low, high = own["recall_95"]
        span = f"{low:.3f}–{high:.3f}"
        shown = [f"{own[k]:.3f}" for k in ("precision", "recall")]
        rows.append([LABEL_NAMES_ZH[label], str(own["n"]), *shown, span, f"{own['f1']:.3f}"])
    return table(heads, rows)


def _matrix(counts: Mapping[str, Mapping[str, int]], names: Mapping[Any, str]) -> str:
    columns = list(next(iter(counts.values())))
    heads = ("实为", *(names[column] for column in columns))
    rows = [
        [LABEL_NAMES_ZH[Label(truth)], *(str(n) for n in row.values())]
        for truth, row in counts.items()
    ]
    return table(heads, rows)


def _shares(shares: Mapping[str, Mapping[str, float]]) -> str:
    names = {"training": "训练时", "true": "此处实际", "estimated": "此处估计（不看答案）"}
    rows = [
        [names[kind], *(f"{own[str(label)]:.3f}" for label in LABELS)]
        for kind, own in shares.items()
    ]
    return table(("占比", *(LABEL_NAMES_ZH[label] for label in LABELS)), rows)


def _groups(groups: Mapping[str, Mapping[str, Any]]) -> str:
    words = {"true": "难", "false": "不难"}
    rows = []
    for name, own in groups.items():
        low, high = own["accuracy_95"]
        shown = CATEGORY_NAMES_ZH.get(name, words.get(name, name))
        bound = f"{own['handed_on_upper95']:.1%}" if "police" in own else ""
        police = [str(own.get("police", "")), str(own.get("handed_on", "")), bound]
        accuracy = [f"{own['accuracy']:.3f}", f"{low:.3f}–{high:.3f}"]
        rows.append([escape(shown), str(own["n"]), *accuracy, *police])
    return table(_HEADS, rows)


def _misses(misses: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for miss in misses:
        names = [LABEL_NAMES_ZH[Label(miss[key])] for key in ("truth", "label")]
        p = " / ".join(f"{value:.2f}" for value in miss["p"].values())
        rows.append([escape(str(miss["id"])), *names, ROUTE_NAMES_ZH[miss["route"]], p])
    return table(("编号", "实为", "判为", "去向", "警情 / 纠纷 / 服务"), rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table; the cells are taken as they are."""
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"


def reliability_svg(bins: Sequence[Mapping[str, Any]]) -> str:
    """Said against seen, with intervals; on the diagonal what is said is true."""
    bars = "".join(
        f'<line x1="{_x(b["said"])}" x2="{_x(b["said"])}" y1="{_y(b["was_95"][0])}" '
        f'y2="{_y(b["was_95"][1])}" stroke="#9db2c9"/>'
        for b in bins
    )
    points = [(b["said"], b["was"]) for b in bins]
    return _plot("可靠性：横轴为所说的警情概率，纵轴为实际比例", points, bars + _diagonal())


def risk_coverage_svg(points: Sequence[Mapping[str, float]]) -> str:
    """The share of wrong labels when only the surest so many are judged."""
    line = [(p["coverage"], p["risk"]) for p in points]
    return _plot("风险与覆盖：横轴为自动判断的比例，纵轴为其中判错的比例", line, "")


def _plot(caption: str, points: Sequence[Point], behind: str) -> str:
    path = " ".join(f"{_x(x)},{_y(y)}" for x, y in points)
    dots = "".join(f'<circle cx="{_x(x)}" cy="{_y(y)}" r="3" fill="#1f5fa8"/>' for x, y in points)
    ticks = "".join(
        f'<text x="{_x(t)}" y="{_SIZE - 12}" text-anchor="middle">{t:g}</text>'
        f'<text x="6" y="{_y(t) + 3}">{t:g}</text>'
        for t in (0, 0.25, 0.5, 0.75, 1)
    )
    return (
        f'<figure><svg width="{_SIZE}" height="{_SIZE}" role="img" aria-label="{caption}">{behind}'
        f'<polyline points="{path}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>{dots}{ticks}'
        f"</svg><figcaption>{caption}</figcaption></figure>"
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
