"""Reading files of every kind and encoding, bad rows among good ones."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from server.services.errors import UnreadableExport
from server.services.export_files import Row, encoding_of, rows

HEAD = "接警单编号,报警时间,报警内容"
EIGHT = datetime(2026, 10, 1, 8, 0)  # noqa: DTZ001 - as openpyxl reads and writes it
LINES = [f"J-{n},2026-10-01 08:{n:02d}:00,第{n}条：楼上漏水要求处理" for n in range(5)]


def _read(path: Path) -> list[Row]:
    return list(rows(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_csv_in_every_encoding(tmp_path: Path, encoding: str, ending: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(ending.join([HEAD, *LINES, ""]).encode(encoding))
    read = _read(path)
    assert [row.cells["报警内容"] for row in read] == [line.split(",")[2] for line in LINES]
    assert [row.line for row in read] == [2, 3, 4, 5, 6]
    assert read[-1].share == 1.0


def test_ministry_names_alone_do_not_mislead_the_encoding(tmp_path: Path) -> None:
    text = "\n".join(["JJDBH,BJSJ,BJNR", *LINES])
    assert encoding_of(text.encode("gbk")) == "gb18030"
    assert encoding_of(text.encode()) == "utf-8"


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "export.csv"
    path.write_text("\n".join([HEAD, *LINES]).replace(",", delimiter), "utf-8")
    assert len([row for row in _read(path) if row.fault is None]) == 5


def test_a_title_above_the_heading_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(f"10月接警单,,\n\n{HEAD}\n{LINES[0]}\n,,\n{LINES[1]}\n", "utf-8")
    assert [row.cells["接警单编号"] for row in _read(path)] == ["J-0", "J-1"]


def test_a_bad_row_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    lines = [HEAD, LINES[0], LINES[1] + ",x,y", "J-9,2026-10-01 08:00:00,\xff坏", LINES[2]]
    path.write_bytes(b"\n".join(x.encode("utf-8").replace(b"\xc3\xbf", b"\xff") for x in lines))
    read = _read(path)
    assert [row.fault is None for row in read] == [True, False, False, True]
    assert read[1].line == 3
    assert "5 fields" in str(read[1].fault)
    assert "encoding" in str(read[2].fault)


def test_a_quoted_text_may_hold_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(f'{HEAD}\nJ-1,2026-10-01 08:00:00,"一\n二"\n{LINES[2]}\n', "utf-8")
    assert [(row.line, row.cells["报警内容"][:1]) for row in _read(path)] == [(2, "一"), (4, "第")]


def test_xlsx_with_real_dates(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["JJDBH", "BJSJ", "BJNR", "JD"])
    book.active.append([33011000000001, EIGHT, "楼上漏水", 120.3])
    book.active.append([None, None, None, None])
    book.save(tmp_path / "export.xlsx")
    (row,) = _read(tmp_path / "export.xlsx")
    assert row.line == 2
    assert row.cells["BJSJ"] == EIGHT


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    good = {"JJDBH": "J-1", "BJSJ": "20261001080000", "BJNR": "楼上漏水"}
    path.write_text(f"{json.dumps(good)}\nno json\n[1]\n\n{json.dumps(good)}\n", "utf-8")
    read = _read(path)
    assert [row.line for row in read] == [1, 2, 3, 5]
    assert [row.fault is None for row in read] == [True, False, False, True]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("export.csv", b""),
        ("export.csv", b"a,b,c\n1,2,3\n"),
        ("export.csv", "接警单编号,报警内容\nJ-1,x\n".encode()),
        ("export.xlsx", b"no workbook"),
        ("export.pdf", b"%PDF"),
    ],
)
def test_what_is_no_export_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableExport):
        _read(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableExport, match="no file"):
        _read(tmp_path / "export.csv")
