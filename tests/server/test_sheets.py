"""Files to take away: no cell is ever a formula, Chinese opens right in a spreadsheet."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from server.services import sheets

ROWS = [["=1+1", "+86", "-3", "@a", "正常", 5, None], ["\t=x", "\x07响", "押金", "", "a", 1.5, "b"]]
HEAD = ["甲", "乙", "丙", "丁", "戊", "数", "空"]


@pytest.mark.parametrize("cell", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "\r=x"])
def test_text_that_would_run_is_quoted(cell: str) -> None:
    assert sheets.safe(cell) == f"'{cell}"


def test_numbers_and_plain_text_stay() -> None:
    assert [sheets.safe(cell) for cell in (-3, 1.5, None, "押金", "a=b")] == [
        -3,
        1.5,
        None,
        "押金",
        "a=b",
    ]


def test_csv_opens_in_spreadsheets() -> None:
    made = "".join(sheets.as_csv(HEAD, ROWS))
    assert made.startswith("\ufeff甲,乙")
    assert "\n'=1+1,'+86,'-3,'@a,正常,5,\r\n" in made


def test_xlsx_holds_text_not_formulas() -> None:
    book = load_workbook(io.BytesIO(sheets.as_xlsx([("警情", HEAD, ROWS)])))
    sheet = book["警情"]
    assert sheet.freeze_panes == "A2"
    assert sheet["A2"].value == "'=1+1"
    assert all(cell.data_type != "f" for row in sheet.rows for cell in row)
    assert sheet["B3"].value == "响"
