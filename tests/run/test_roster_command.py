"""``xiaonao roster`` from outside: a sheet taken in, bad lines named, gaps in cover printed."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from server.cli.main import main


def run(*arguments: str) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(list(arguments))
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def home(tmp_path: Path) -> str:
    found = str(tmp_path / "home")
    assert run("init", "--home", found)[0] == 0
    for unit, name in (("shunda-1", "顺达一组"), ("kangle-1", "康乐一组")):
        point = name[:2]
        added = run(
            "unit", "add", "--home", found, "--name", name, "--point", point, "--off-duty", unit
        )
        assert added[0] == 0, added
    return found


def test_a_sheet_goes_in_once_and_gaps_are_printed(home: str, tmp_path: Path) -> None:
    first = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    days = [first + timedelta(days=n) for n in range(6)]
    lines = ["单元,日期,上岗,下岗", *(f"顺达一组,{day},08:00,08:00" for day in days)]
    sheet = tmp_path / "排班.csv"
    sheet.write_bytes("\n".join([*lines, "没有的,2026-12-01,08:00,20:00"]).encode("gb18030"))
    code, out, err = run("roster", "import", "--home", home, str(sheet))
    assert code == 1
    assert err == "line 8: 没有单元“没有的”，请先登记或改正\n"
    assert out.startswith(
        "6 shifts taken in, 0 already known, 0 open duties ended, 1 lines refused"
    )
    rows = [line.split("\t") for line in out.splitlines()[3:]]
    assert [(row[0], row[3], row[4]) for row in rows] == [("康乐", "0", "1")]
    again = run("roster", "import", "--home", home, str(sheet))
    assert again[1].startswith("0 shifts taken in, 6 already known")


def test_full_cover_says_none(home: str, tmp_path: Path) -> None:
    first = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    lines = ["单元,日期,上岗,下岗"]
    lines += [
        f"{unit},{first + timedelta(days=n)},08:00,08:00"
        for n in range(6)
        for unit in ("shunda-1", "kangle-1")
    ]
    sheet = tmp_path / "roster.csv"
    sheet.write_text("\n".join(lines), "utf-8")
    assert run("roster", "import", "--home", home, str(sheet))[0] == 0
    code, out, _ = run("roster", "gaps", "--home", home, "--hours", "24")
    assert code == 0
    assert out.strip().endswith(": none")


def test_what_is_no_sheet_is_one_sentence(home: str, tmp_path: Path) -> None:
    wrong = tmp_path / "a.xlsx"
    wrong.write_bytes(b"no workbook")
    for name in (str(wrong), str(tmp_path / "missing.csv")):
        code, _, err = run("roster", "import", "--home", home, name)
        assert code in (1, 2)
        assert err.startswith("xiaonao: ")
        assert err.count("\n") == 1
