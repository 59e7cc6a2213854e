"""An evaluation as one HTML page: tables and inline SVG plots, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from triage.taxonomy import CATEGORY_NAMES_ZH, LABEL_NAMES_ZH, LABELS, ROUTE_NAMES_ZH, Label
from triage.training import plots

_STYLE = """body{font-family:"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",
sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b2430;line-height:1.5}
table{border-collapse:collapse;margin:.6rem 0 1.4rem}th,td{border:1px solid #cfd6de;padding:.25rem
.6rem;text-align:right}th:first-child,td:first-child{text-align:left}th{background:#eef2f6}
figure{display:inline-block;margin:0 1.5rem 1rem 0}figcaption{font-size:.9rem;color:#4a5766}
svg{border:1px solid #cfd6de;max-width:100%}"""
_HEADS = ("组", "条数", "正确率", "95% 区间", "警情", "漏放", "漏放上界")


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
    yield _figure(plots.confusion_svg(parts["confusion"]), plots.CONFUSION)
    yield f"<h2>去向</h2>{_matrix(figures['routes'], ROUTE_NAMES_ZH)}"
    yield "<h2>可信程度</h2>"
    yield _figure(plots.reliability_svg(parts["reliability"]), plots.RELIABILITY)
    yield _figure(plots.risk_coverage_svg(parts["risk_coverage"]), plots.RISK_COVERAGE)
    yield f"<h2>类别占比</h2>{_shares(parts['shares'])}{_shift(parts.get('shift'))}"
    for title, key in (("难易", "by_hard"), ("写法", "by_style"), ("细类", "by_category")):
        if parts[key]:
            yield f"<h2>按{title}</h2>{_groups(parts[key])}"
            yield _figure(plots.groups_svg(parts[key]), plots.GROUPS)
    yield f"<h2>最难的 {len(parts['hardest'])} 条</h2>{_hardest(parts['hardest'])}"
    yield f"<h2>误判 {len(parts['misses'])} 条</h2>{_misses(parts['misses'])}"


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


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


def _shift(told: Mapping[str, Any] | None) -> str:
    if told is None:
        return ""
    low, high = told["estimated_95"][str(Label.POLICE)]
    return (
        f"<p>此处警情占比估计 {told['estimated'][str(Label.POLICE)]:.1%}"
        f"（95% 区间 {low:.1%}–{high:.1%}，Saerens 等 2002）。若此处警情的写法与留出的文本一样，"
        f"警情被直接放走的比例仍不超过 {told['police_miss_upper95']:.2%}，与占比无关；"
        f"按此占比，每千条至多 {told['missed_per_1000_at_most']:.1f} 条。"
        "写法若不同，则须以本地清点为准。</p>"
    )


def _hardest(rows: Sequence[Mapping[str, Any]]) -> str:
    cells = [
        [
            escape(str(row["id"])),
            *(LABEL_NAMES_ZH[Label(row[key])] for key in ("truth", "label")),
            ROUTE_NAMES_ZH[row["route"]],
            f"{row['p_truth']:.3f}",
            escape(CATEGORY_NAMES_ZH.get(row["category"], "")),
        ]
        for row in rows
    ]
    return table(("编号", "实为", "判为", "去向", "真类概率", "细类"), cells)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table; the cells are taken as they are."""
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"
