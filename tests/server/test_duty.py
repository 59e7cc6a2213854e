"""Shifts: sheets of every kind taken in, breaks, gaps ahead, cases at a shift's end."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook

from server.domain.duty import Span, gaps, shift_of
from server.domain.errors import Invalid
from server.domain.roles import Actor
from server.office import Office
from server.services import duty, units
from server.services.roster_sheet import Refusal

ZONE = ZoneInfo("Asia/Shanghai")
T0 = datetime(2026, 11, 3, 0, 0, tzinfo=UTC)
HEAD = "单元,日期,上岗,下岗,休息起,休息止,成员\n"


def hours(n: float) -> timedelta:
    return timedelta(hours=n)


def test_gaps_are_found_and_joined() -> None:
    duties = [
        Span("a", T0, T0 + hours(8)),
        Span("b", T0 + hours(8), T0 + hours(12)),
        Span("c", T0, None),
    ]
    breaks = [Span("a", T0 + hours(2), T0 + hours(3))]
    points = {"a": "顺达", "b": "顺达", "c": "康乐", "d": "横塘"}
    found = gaps(duties, breaks, points, wanted=1, since=T0, until=T0 + hours(16))
    said = [(g.point, (g.start - T0) / hours(1), (g.end - T0) / hours(1)) for g in found]
    assert said == [("横塘", 0, 16), ("顺达", 2, 3), ("顺达", 12, 16)]
    two = gaps(duties, breaks, points, wanted=2, since=T0, until=T0 + hours(1))
    assert {(g.point, g.on_duty) for g in two} == {("横塘", 0), ("顺达", 1), ("康乐", 1)}


def test_a_shift_of_twenty_four_hours_ends_on_the_next_day() -> None:
    day = date(2026, 11, 3)
    made = shift_of("a", day, time(8), time(8), pause=(time(0), time(4)), members=(), zone=ZONE)
    assert made.end - made.start == hours(24)
    assert made.break_start == datetime(2026, 11, 4, 0, tzinfo=ZONE)
    with pytest.raises(Invalid, match="break"):
        shift_of("a", day, time(8), time(12), pause=(time(13), time(14)), members=(), zone=ZONE)


def sheet(clock) -> str:
    day = clock().astimezone(ZONE).date()
    return HEAD + (
        f"near,{day},00:00,24:00,,,李某某、王某某\n"
        f"middle,{day:%Y/%m/%d},00:00,12:00,,,\n"
        f"far,{day},25:00,12:00,,,\n"
        f"nobody,{day},08:00,12:00,,,\n"
        f"middle,{day},11:00,20:00,,,\n"
        f"far,11月3日,08:00,12:00,,,\n"
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_sheet_is_taken_in_once_and_bad_lines_are_named(
    street: Office, clock, dispatcher: Actor, encoding: str
) -> None:
    content = sheet(clock).encode(encoding)
    first = duty.import_sheet(street, content, "sheet.csv", dispatcher)
    assert (first.taken, first.known) == (2, 0)
    assert [refusal.line for refusal in first.refused] == [4, 5, 6, 7]
    assert "没有单元“nobody”" in first.refused[1].why
    assert first.refused[2] == Refusal(6, "与第3行的班次重叠")
    again = duty.import_sheet(street, content, "sheet.csv", dispatcher)
    assert (again.taken, again.known) == (0, 2)


def test_a_workbook_is_read_too(street: Office, clock, dispatcher: Actor) -> None:
    book = Workbook()
    page = book.active
    page.append(["十一月排班表"])
    page.append(["单元", "日期", "上岗时间", "下岗时间"])
    page.append(["near", clock().astimezone(ZONE), time(8), time(20)])
    held = io.BytesIO()
    day = page.cell(3, 2)
    day.value = clock().astimezone(ZONE).replace(tzinfo=None)
    book.save(held)
    assert duty.import_sheet(street, held.getvalue(), "排班.xlsx", dispatcher).taken == 1


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"a,b\n1,2\n", "x.csv"), (b"not a workbook", "x.xlsx"), (b"\xff\xff\xff\x00", "x.csv")],
)
def test_what_is_no_sheet_is_refused(
    street: Office, dispatcher: Actor, content: bytes, name: str
) -> None:
    with pytest.raises(Invalid, match="file"):
        duty.import_sheet(street, content, name, dispatcher)


def test_on_a_break_nobody_is_on_duty(street: Office, clock, dispatcher: Actor) -> None:
    now = clock().astimezone(ZONE)
    rest, back = now - timedelta(minutes=10), now + timedelta(minutes=20)
    begin, end = now - hours(2), now + hours(2)
    line = f"near,{begin.date()},{begin:%H:%M},{end:%H:%M},{rest:%H:%M},{back:%H:%M},\n"
    taken = duty.import_sheet(street, (HEAD + line).encode(), "s.csv", dispatcher)
    assert (taken.taken, taken.replaced, taken.refused) == (1, 1, ())
    on = lambda: {u.id for u in units.unit_views(street, dispatcher) if u.duty}  # noqa: E731
    assert on() == {"middle", "far"}
    seen = duty.duty_view(street, hours=24)
    assert [shift.on_duty for shift in seen.shifts if shift.unit_id == "near"] == [False]
    clock.forward(30 * 60)
    assert "near" in on()


def test_a_case_at_the_end_of_a_shift_asks_for_a_hand_over(
    street: Office, clock, file, open_dispute, dispatcher: Actor
) -> None:
    now = clock().astimezone(ZONE)
    begin, end = now - hours(1), now + hours(1)
    line = f"near,{begin.date()},{begin:%H:%M},{end:%H:%M},,,\n"
    duty.import_sheet(street, (HEAD + line).encode(), "s.csv", dispatcher)
    case_id = open_dispute(street, file, dispatcher)
    assert duty.duty_view(street).hand_overs == ()
    clock.forward(40 * 60)
    assert [h.case_id for h in duty.duty_view(street).hand_overs] == [case_id]
    clock.forward(60 * 60)
    assert [h.unit_id for h in duty.duty_view(street).hand_overs] == ["near"]
