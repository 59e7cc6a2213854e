"""Agreements with instalments, breaks and units' skills, by the pages' forms."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from server.domain.roles import Actor, Role
from server.office import Office
from server.services import agreements, duty, roster

UNIT = "u-shunda-1"
DISPATCHER = Actor("zhihui", Role.DISPATCHER)
ZONE = ZoneInfo("Asia/Shanghai")


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found is not None, name
    return found[1]


def test_an_agreement_is_drafted_changed_and_recorded_once(
    desk: FlaskClient, office: Office, clock, assigned_case: str
) -> None:
    here = f"/console/cases/{assigned_case}/agreement"
    assert here in desk.get(f"/console/cases/{assigned_case}").text
    first = (clock() + timedelta(days=5)).date()
    draft = {"total": "100", "parts": "3", "first": first.isoformat(), "every": "week"}
    page = desk.get(here, query_string=draft).text
    dates = re.findall(r'name="due" value="([^"]*)"', page)
    sums = re.findall(r'name="amount" inputmode="decimal" maxlength="16" value="([^"]*)"', page)
    assert [day for day in dates if day] == [
        (first + timedelta(weeks=n)).isoformat() for n in range(3)
    ]
    assert [amount for amount in sums if amount] == ["33.33", "33.33", "33.34"]
    form = {
        "csrf_token": hidden(page, "csrf_token"),
        "key": hidden(page, "key"),
        "form": "written",
        "terms": "张某某分三期付清",
        "due": dates,
        "amount": ["33.33", "33.33", "40", *sums[3:]],
    }
    for _ in range(2):
        assert desk.post(here, data=form).status_code == 303
    page = desk.get(here).text
    assert "协议已记录，共3期" in page
    assert "张某某分三期付清" in page
    held = agreements.page(office, DISPATCHER, case_id=assigned_case).items
    assert len(held) == 1
    assert [part.amount_yuan for part in held[0].instalments] == [33.33, 33.33, 40.0]
    ends = held[0].instalments[0].due_at.astimezone(ZONE)
    assert (ends.date(), ends.hour) == (first, 23)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"terms": ""}, "请写明约定的内容"),
        ({"due": [""], "amount": [""]}, "期履行"),
        ({"due": [""], "amount": ["5"]}, "有金额的一期请填日期"),
        ({"due": ["2020-01-01"], "amount": [""]}, "早于协议日期"),
        ({"due": ["x"], "amount": [""]}, "日期看不懂"),
        ({"amount": ["-5"]}, "金额请填0以上的数字"),
        ({"form": "x"}, "请从列表中选择"),
    ],
)
def test_what_is_no_agreement_is_said(
    desk: FlaskClient,
    office: Office,
    clock,
    assigned_case: str,
    changed: dict[str, object],
    said: str,
) -> None:
    here = f"/console/cases/{assigned_case}/agreement"
    page = desk.get(here).text
    day = (clock() + timedelta(days=5)).date().isoformat()
    form = {"form": "oral", "terms": "还清", "due": [day], "amount": ["5"]} | changed
    form |= {"csrf_token": hidden(page, "csrf_token"), "key": hidden(page, "key")}
    desk.post(here, data=form)
    assert said in desk.get(here).text
    assert agreements.page(office, DISPATCHER, case_id=assigned_case).items == ()


def test_a_draft_that_cannot_be_is_said(desk: FlaskClient, assigned_case: str) -> None:
    here = f"/console/cases/{assigned_case}/agreement"
    for query in ("parts=0&first=2026-01-01", "parts=x", "parts=3&first=never"):
        answer = desk.get(f"{here}?{query}")
        assert answer.status_code == 200
        assert 'role="alert"' in answer.text


def test_a_break_makes_a_gap_until_it_is_taken_out(
    desk: FlaskClient, office: Office, clock
) -> None:
    here = "/console/duty"
    for unit in (UNIT, "u-kangle-1"):
        page = desk.get(here).text
        start = (clock() + timedelta(hours=2)).astimezone(ZONE)
        form = {
            "csrf_token": hidden(page, "csrf_token"),
            "unit_id": unit,
            "start": start.strftime("%Y-%m-%dT%H:%M"),
            "end": (start + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        }
        assert desk.post(f"{here}/breaks", data=form).status_code == 303
        assert "休息已安排" in desk.get(here).text
    assert [gap.on_duty for gap in duty.duty_view(office).gaps] == [0]
    desk.post(f"{here}/breaks", data=form)
    page = desk.get(here).text
    assert "与已有的休息重叠" in page
    taken = {
        "csrf_token": hidden(page, "csrf_token"),
        "unit_id": UNIT,
        "start": start.isoformat(),
    }
    desk.post(f"{here}/breaks/remove", data=taken)
    assert "休息已取消" in desk.get(here).text
    assert duty.duty_view(office).gaps == ()
    desk.post(f"{here}/breaks/remove", data=taken)
    assert "没有找到" in desk.get(here).text


@pytest.mark.parametrize(
    ("start", "end"), [("2020-01-01T10:00", "2020-01-01T11:00"), ("x", "y"), ("", "")]
)
def test_a_break_outside_every_shift_is_refused(
    desk: FlaskClient, office: Office, start: str, end: str
) -> None:
    page = desk.get("/console/duty").text
    form = {"csrf_token": hidden(page, "csrf_token"), "unit_id": UNIT, "start": start, "end": end}
    desk.post("/console/duty/breaks", data=form)
    assert "休息：" in desk.get("/console/duty").text
    assert duty.duty_view(office).gaps == ()


def test_skills_are_changed_in_place(desk: FlaskClient, office: Office) -> None:
    here = "/console/units"
    page = desk.get(f"{here}?edit={UNIT}").text
    area = office.district.communities[0].name
    form = {
        "csrf_token": hidden(page, "csrf_token"),
        "skill": ["dispute.wage", "dispute.noise"],
        "area": [area],
        "veteran": "on",
    }
    assert desk.post(f"{here}/{UNIT}/traits", data=form).status_code == 303
    page = desk.get(here).text
    assert "特长与片区已改" in page
    assert "老民警带队" in page
    known = roster.traits(office)[UNIT]
    assert (known.skills, known.areas) == ({"dispute.wage", "dispute.noise"}, {area})
    page = desk.get(f"{here}?edit={UNIT}").text
    assert page.count(" checked") == 4
    bad = form | {"skill": ["nonsense"]}
    desk.post(f"{here}/{UNIT}/traits", data=bad)
    assert roster.traits(office)[UNIT] == known
