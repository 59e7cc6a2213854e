"""A period report as a workbook and as a PDF that prints on A4."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from fpdf import FPDF

from server.domain.errors import Unavailable
from server.domain.views import Stats
from server.services import fonts, period, sheets
from server.services.period import Report
from server.services.sheets import Cell

Word = Callable[[str], str]
"""The Chinese word of a category's code."""
Line = tuple[str, str, str, str, str]

_GREEN = (10, 95, 88)
_GREY = (233, 237, 235)


def figure_lines(report: Report) -> Iterator[Line]:
    """``(name, now, before, change, year ago)`` of every figure, as words."""
    rows: tuple[tuple[str, str], ...] = (
        ("收警", "received"),
        ("其中纠纷", "disputes"),
        ("分流派单", "diverted"),
        ("当场化解", "settled_on_spot"),
        ("转入后续", "taken_up_later"),
        ("事后化解", "settled_later"),
    )
    for name, key in rows:
        now, before = getattr(report.now, key), getattr(report.before, key)
        yield name, str(now), str(before), period.change(now, before), _then(report, key, str)
    shares = (
        ("当场化解率", "on_spot_rate"),
        ("事后化解率", "later_rate"),
        ("重复率", "repeat_share"),
    )
    for name, key in shares:
        now, before = getattr(report.now, key), getattr(report.before, key)
        yield (
            name,
            _percent(now),
            _percent(before),
            period.points(now, before),
            _then(report, key, _percent),
        )


def step_lines(stats: Stats, names: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """``(step, count, P50, P90, met, missed)`` as words."""
    for step in stats.steps:
        yield (
            names.get(step.step, step.step),
            str(step.count),
            _seconds(step.p50_s),
            _seconds(step.p90_s),
            str(step.met),
            str(step.missed),
        )


STEP_HEADING = ("步骤", "次数", "半数用时", "九成用时", "按时", "超时")
TEAM_HEADING = ("单元", "核实步骤", "仅自报", "与定位不符", "核实率", "警情")


def as_xlsx(report: Report, category: Word, steps: Mapping[str, str]) -> bytes:
    """Five sheets: figures, steps, categories, teams, days."""
    said = period.names(report.span)
    heading = ("指标", "本期", said["before"], "变化", said["year"])
    teams: list[Sequence[Cell]] = [
        (t.name, t.verified, t.claimed, t.contradicted, _percent(t.verified_share), t.cases)
        for t in report.teams
    ]
    return sheets.as_xlsx(
        (
            ("数字", heading, list(figure_lines(report))),
            ("步骤用时", STEP_HEADING, list(step_lines(report.now, steps))),
            (
                "类别",
                ("小类", "件数", "占比"),
                [(category(c), n, _percent(s)) for c, n, s in report.categories],
            ),
            ("队伍", TEAM_HEADING, teams),
            ("逐日", ("日期", "收警"), [(day.isoformat(), n) for day, n in report.days]),
        )
    )


def as_pdf(
    report: Report, *, title: str, made: datetime, category: Word, steps: Mapping[str, str]
) -> bytes:
    """Two A4 pages at most for a day or week. Raises Unavailable without a Chinese font."""
    font = fonts.chinese_font()
    if font is None:
        raise Unavailable(fonts.HINT)
    paper = FPDF(format="A4")
    paper.set_auto_page_break(auto=True, margin=15)
    paper.add_font("han", fname=font.path, collection_font_number=font.number)
    paper.set_title(title)
    paper.add_page()
    _head(paper, title, report, made)
    said = period.names(report.span)
    heading = ("指标", "本期", said["before"], "变化", said["year"])
    _table(paper, "主要数字", heading, list(figure_lines(report)))
    _table(paper, "步骤用时", STEP_HEADING, list(step_lines(report.now, steps)))
    _bars(paper, "逐日收警", [(f"{day:%m-%d}", n) for day, n in report.days])
    rows = [(category(code), str(n), _percent(share)) for code, n, share in report.categories]
    _table(paper, "类别", ("小类", "件数", "占比"), rows)
    teams = [
        (t.name, str(t.verified), str(t.claimed), str(t.contradicted), _percent(t.verified_share),
         str(t.cases))
        for t in report.teams
    ]  # fmt: skip
    _table(paper, "队伍（按核实的步骤）", TEAM_HEADING, teams)
    return bytes(paper.output())


def _head(paper: FPDF, title: str, report: Report, made: datetime) -> None:
    paper.set_font("han", size=20)
    paper.cell(0, 12, title, new_x="LMARGIN", new_y="NEXT")
    paper.set_font("han", size=10)
    paper.set_text_color(90, 100, 96)
    paper.cell(
        0,
        7,
        f"{report.first} 至 {report.last} · 制表 {made:%Y-%m-%d %H:%M} · 小脑",
        new_x="LMARGIN",
        new_y="NEXT",
    )
    paper.set_text_color(0, 0, 0)


def _table(paper: FPDF, title: str, heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    _title(paper, title)
    paper.set_font("han", size=10)
    if not rows:
        paper.cell(0, 7, "本期没有。", new_x="LMARGIN", new_y="NEXT")
        return
    align = ("LEFT", *("RIGHT" for _ in heading[1:]))
    with paper.table(
        text_align=align,
        borders_layout="HORIZONTAL_LINES",
        line_height=6.5,
        first_row_as_headings=False,
    ) as table:
        for cells in (heading, *rows):
            row = table.row()
            for cell in cells:
                row.cell(cell)


def _bars(paper: FPDF, title: str, bars: Sequence[tuple[str, int]]) -> None:
    if len(bars) < 2:
        return
    _title(paper, title)
    paper.set_font("han", size=7)
    most = max((n for _, n in bars), default=0) or 1
    wide, high = paper.epw / len(bars), 26.0
    if paper.will_page_break(high + 8):
        paper.add_page()
    left, top = paper.l_margin, paper.get_y()
    for at, (name, n) in enumerate(bars):
        length = n / most * high
        paper.set_fill_color(*(_GREEN if n else _GREY))
        paper.rect(left + at * wide + 0.5, top + high - length, wide - 1, max(length, 0.3), "F")
        paper.set_xy(left + at * wide, top + high + 0.5)
        shown = name if len(bars) <= 8 else name[-2:]
        paper.cell(wide, 4, f"{shown} {n}" if len(bars) <= 8 else shown, align="C")
    paper.set_xy(left, top + high + 6)


def _title(paper: FPDF, title: str) -> None:
    if paper.will_page_break(24):
        paper.add_page()
    paper.ln(3)
    paper.set_font("han", size=13)
    paper.cell(0, 9, title, new_x="LMARGIN", new_y="NEXT")


def _then(report: Report, key: str, said: Callable[[float], str]) -> str:
    value = getattr(report.year_ago, key) if report.year_ago else None
    return "—" if value is None else said(value)


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f}%"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}分{rest:02d}秒" if minutes else f"{rest}秒"
