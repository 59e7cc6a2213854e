"""Where the lines and bars of a chart stand."""

from __future__ import annotations

import pytest

from server.web.pages import plots


def test_lines_break_where_nothing_is_known() -> None:
    plot = plots.line([("a", 0.1), ("b", 0.2), ("c", None), ("d", 0.3)], limits=(0.25,))
    assert len(plot.lines) == 1
    assert len(plot.dots) == 1
    assert plot.last == "0.300"
    assert plots.line([]).last == "—"


def test_stacked_bars_fill_their_height() -> None:
    boxes = plots.stacked([("a", [("police", 1), ("dispute", 3)]), ("b", [("police", 0)])])
    assert sum(box.height for box in boxes[:2]) == pytest.approx(106)
    assert [round(box.height, 1) for box in boxes] == [26.5, 79.5, 0.0]
