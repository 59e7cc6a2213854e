"""Exports become history: once, judged, without cases, bad rows named."""

from __future__ import annotations

from pathlib import Path

from server.domain.roles import Actor, Role
from server.office import Office
from server.services import reading
from server.services.importer import Progress, import_file
from server.store import events
from server.store.engine import reading as snapshot

ADMIN = Actor("command-line", Role.ADMIN)


def _export(path: Path, *, rows: int, bad: tuple[int, ...]) -> None:
    lines = ["接警单编号,报警时间,报警内容,警情地址,报警人,报警电话,经度,纬度,值班"]
    for n in range(rows):
        when = "不详" if n in bad else f"2026-06-{n % 28 + 1:02d} 08:{n % 60:02d}:00"
        lines.append(f"J{n:05d},{when},楼上漏水，第{n}次,丽景新村{n}号,李某某,,120.3,30.4,甲班")
    path.write_bytes("\r\n".join(lines).encode("gbk"))


def _sum(steps: list[Progress]) -> tuple[int, int, int]:
    return (
        sum(step.taken for step in steps),
        sum(step.known for step in steps),
        sum(len(step.refused) for step in steps),
    )


def test_a_thousand_rows_in_gbk_with_three_bad_ones_twice(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "接警单.csv"
    _export(path, rows=1000, bad=(3, 500, 999))
    first = list(import_file(office, path, source="110", actor=ADMIN))
    assert _sum(first) == (997, 0, 3)
    assert [row.line for step in first for row in step.refused] == [5, 502, 1001]
    assert all("报警时间" in row.why for step in first for row in step.refused)
    assert [step.share for step in first] == sorted(step.share for step in first)
    assert _sum(list(import_file(office, path, source="110", actor=ADMIN))) == (0, 997, 3)


def test_history_opens_no_case_and_is_judged(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    _export(path, rows=5, bad=())
    list(import_file(office, path, source="110", actor=ADMIN))
    page = reading.report_page(office, Actor("dudao", Role.SUPERVISOR))
    assert len(page.items) == 5
    assert {report.case_id for report in page.items} == {None}
    assert all(report.location is not None for report in page.items)
    assert reading.case_page(office, Actor("zhihui", Role.DISPATCHER)).items == ()
    with snapshot(office.engine) as conn:
        assert events.first_break(conn) is None


def test_a_row_the_tables_cannot_keep_does_not_take_its_batch_along(
    office: Office, tmp_path: Path
) -> None:
    path = tmp_path / "export.csv"
    head, good = "JJDBH,BJSJ,BJNR", "20260601080000,楼上漏水"
    path.write_text(f"{head}\nA,{good}\n{'9' * 200},{good}\nA,{good}\nB,{good}\n", "utf-8")
    steps = list(import_file(office, path, source="110", actor=ADMIN))
    assert _sum(steps) == (2, 1, 1)
    assert steps[0].refused[0].line == 3


def test_a_report_from_the_future_is_refused(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("JJDBH,BJSJ,BJNR\nA,2031-01-01 08:00:00,楼上漏水\n", "utf-8")
    assert _sum(list(import_file(office, path, source="110", actor=ADMIN))) == (0, 0, 1)
