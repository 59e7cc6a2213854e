"""What the columns of an export mean."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from server.domain.errors import Invalid
from server.services.export_columns import clean, field_of, instant, is_heading, missing, to_report

SHANGHAI = ZoneInfo("Asia/Shanghai")
ROW = {"接警单编号": "J-1", "报警时间": "2026-10-01 08:30:00", "报警内容": "楼上漏水"}


def _report(**cells: object):
    row = ROW | {"经度": "", "纬度": ""} | cells
    return to_report(row, source="110", zone=SHANGHAI, crs="GCJ-02")


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-05 08:15:00",
        "2026/03/05 08:15",
        "2026/3/5 8:15",
        "20260305081500",
        "202603050815",
        "2026-03-05T08:15:00",
        "2026-03-05T08:15:00+08:00",
        "2026-03-05T00:15:00Z",
        "2026年3月5日 8时15分",
        "2026-03-05 08:15:00.0",
        "46086.34375",
        46086.34375,
        datetime(2026, 3, 5, 8, 15),  # noqa: DTZ001 - as openpyxl reads it
        '="2026-03-05 08:15:00"',
    ],
)
def test_every_way_exports_write_a_time(written: object) -> None:
    assert instant(written, SHANGHAI) == datetime(2026, 3, 5, 8, 15, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "written", ["", None, "昨天", "2026-13-05 08:15:00", "2026-03-05", "20261332081500", "12345"]
)
def test_what_is_no_time_is_refused_without_repeating_it(written: object) -> None:
    with pytest.raises(Invalid) as refused:
        instant(written, SHANGHAI)
    assert refused.value.field == "报警时间"
    assert not written or str(written) not in str(refused.value)


def test_headers_are_known_in_both_languages_and_any_case() -> None:
    assert field_of("报警内容") == field_of(" bjnr ") == field_of("ＢＪＮＲ") == "text"
    assert field_of("值班领导") is None
    assert is_heading(["序号", "JJDBH", "BJSJ"])
    assert not is_heading(["2026年10月接警单", "", ""])
    assert missing(["接警单编号", "BJNR"]) == ["报警时间/BJSJ"]


def test_a_row_becomes_a_report_with_the_rest_kept() -> None:
    made = _report(报警人="李某某", 报警电话=10000000001.0, 反馈类别="100000", 值班="三班")
    assert (made.source_id, made.text, made.received_at.hour) == ("J-1", "楼上漏水", 8)
    assert made.caller.phone == "10000000001"
    assert made.feedback_code == "100000"
    assert made.extra == {"值班": "三班"}
    assert made.place is None


def test_coordinates_are_shifted_from_their_datum() -> None:
    made = _report(经度="120.30", 纬度="30.42")
    assert made.place is not None
    # About 506 m between GCJ-02 and WGS-84 here, the eastward part of it over 400 m.
    assert 0.004 < 120.30 - made.place.lon < 0.006
    assert _report(经度="0", 纬度="0").place is None


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"报警内容": "  "}, "报警内容"),
        ({"接警单编号": ""}, "接警单编号"),
        ({"接警单编号": "9" * 129}, "接警单编号"),
        ({"经度": "120.3"}, "经度/纬度"),
        ({"经度": "东", "纬度": "30"}, "经度/纬度"),
        ({"经度": "30.42", "纬度": "120.3"}, "经度/纬度.lat"),
        ({"是否保密": "也许"}, "是否保密"),
    ],
)
def test_a_bad_cell_is_named(cells: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        _report(**cells)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("word", "secret"), [("是", True), ("1", True), ("否", False), ("", False)]
)
def test_confidential(word: str, secret: bool) -> None:
    assert _report(是否保密=word).confidential is secret


def test_cells_lose_what_excel_put_around_them() -> None:
    assert clean('="00123"') == "00123"
    assert clean("'00123") == "00123"
    assert clean("\t00123\t") == "00123"
    assert clean(110.0) == "110"
    assert clean(None) == ""
