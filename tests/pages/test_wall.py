"""The wall in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import dispatch, review, roster, telemetry
from triage.taxonomy import Route

UNIT, ADMIN = "shunda-1", Actor("admin", Role.ADMIN)
DISPATCHER = Actor("zhihui", Role.DISPATCHER)
Opener = Callable[..., Any]


def send(office: Office, device: str, seq: int, kind: str, **fields: object) -> None:
    now = office.clock().isoformat()
    message = {"device_id": device, "kind": kind, "v": 1, "boot": "b1", "seq": seq}
    stored = telemetry.store(office, [message | {"sent_at": now, "received_at": now} | fields])
    assert stored.rejected == ()


def send_fix(office: Office, device: str, seq: int, *, age: timedelta = timedelta(0)) -> None:
    at = office.district.points[0].at
    here = {"lat": at.lat, "lon": at.lon, "crs": "WGS-84", "accuracy_m": 8, "heading_deg": 90}
    send(office, device, seq, "position", fix_time=(office.clock() - age).isoformat(), **here)


def assigned(office: Office, case_id: str) -> None:
    review.decide_route(office, case_id, Route.MEDIATE, actor=DISPATCHER)
    dispatch.assign(office, case_id, UNIT, DISPATCHER)


def wall(look: Opener, width: int = 1920, height: int = 1080) -> Page:
    page: Page = look("zhihui", width, height).open("/")
    expect(page.locator("[data-live-word]")).to_have_text("实时")
    return page


def test_units_cases_and_feed_come_by_themselves(
    office: Office, file: Callable[..., str], look: Opener
) -> None:
    roster.add_device(office, "bc-1", kind="bodycam", unit_id=UNIT, actor=ADMIN)
    send_fix(office, "bc-1", 1)
    page = wall(look)
    expect(page.locator(".marks li.unit")).to_have_count(2)
    expect(page.locator(".marks li.unit.stale")).to_have_count(1)
    expect(page.locator(".marks")).to_contain_text("康乐一组 无定位")
    expect(page.locator(".urgent .empty")).to_be_visible()
    case_id = file()
    expect(page.locator(f".urgent li[data-key='{case_id}']")).to_be_visible()
    expect(page.locator(".marks li.case")).to_have_count(1)
    assigned(office, case_id)
    expect(page.locator(".urgent li")).to_contain_text("顺达一组 已派单")
    expect(page.locator(".urgent li [data-due]")).to_be_visible()
    expect(page.locator(".marks li.case")).to_contain_text("派")
    expect(page.locator(".feed li").first).to_contain_text("派顺达一组")
    expect(page.locator(".figures")).to_contain_text("今日收警1")


def test_a_stale_position_looks_stale_and_says_its_age(office: Office, look: Opener) -> None:
    roster.add_device(office, "bc-1", kind="bodycam", unit_id=UNIT, actor=ADMIN)
    send_fix(office, "bc-1", 1, age=timedelta(seconds=190))
    page = wall(look)
    expect(page.locator(".marks")).to_contain_text("顺达一组 定位3分前")
    expect(page.locator(".marks li.unit.stale")).to_have_count(2)
    send_fix(office, "bc-1", 2)
    expect(page.locator(".marks li.unit.stale")).to_have_count(1)


def test_an_sos_takes_the_screen_until_it_is_seen(office: Office, look: Opener) -> None:
    roster.add_device(office, "bc-1", kind="bodycam", unit_id=UNIT, actor=ADMIN)
    page = wall(look)
    send(office, "bc-1", 1, "alarm", alarm="sos", active=True)
    expect(page.locator(".alarm h2")).to_have_text("顺达一组 求救")
    expect(page.locator(".side")).to_be_hidden()
    expect(page.locator(".marks li.unit.sos")).to_have_count(1)
    other = look("dudao", 1920, 1080).open("/")
    expect(other.locator(".alarm h2")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-sounding", "no")
    page.mouse.click(900, 900)  # browsers play nothing before a person has touched the page
    expect(page.locator("html")).to_have_attribute("data-sounding", "yes")
    page.click("text=我已知悉")
    expect(page.locator(".alarm-strip")).to_contain_text("顺达一组（zhihui")
    expect(other.locator(".alarm-strip")).to_contain_text("zhihui")
    expect(page.locator("html")).to_have_attribute("data-sounding", "no")
    expect(page.locator(".side")).to_be_visible()
    send(office, "bc-1", 2, "alarm", alarm="sos", active=False)
    expect(page.locator(".alarm-strip")).to_have_count(0)


def test_a_cut_stream_is_seen_at_once(look: Opener) -> None:
    seen = look("zhihui", 1920, 1080)
    page: Page = seen.page
    page.route("**/api/v1/stream*", lambda route: route.abort())
    seen.open("/")
    expect(page.locator("[data-live-word]")).to_have_text("连接中断，正在重连")
    page.unroute("**/api/v1/stream*")
    expect(page.locator("[data-live-word]")).to_have_text("实时")
    seen.faults.clear()  # the browser itself complains about the cut we made


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (3840, 2160)])
def test_fits_the_screen_without_scrolling(
    office: Office, file: Callable[..., str], look: Opener, width: int, height: int
) -> None:
    for number in range(10):
        file(address=f"临溪镇演示路{number}号", caller=Caller(phone=f"1000000{number:04d}"))
    page = wall(look, width, height)
    size = page.evaluate("[document.body.scrollWidth, document.body.scrollHeight]")
    assert size == [width, height]
    steps = page.evaluate(
        "[...document.querySelectorAll('.steps p')].every((p) => p.scrollWidth <= p.clientWidth)"
    )
    assert steps


def test_a_mediator_sees_the_map_but_no_figures(look: Opener) -> None:
    page = look("tiaojie", 1920, 1080).open("/")
    expect(page.locator(".figures")).to_have_count(0)
    expect(page.locator(".steps")).to_contain_text("不显示统计")
    expect(page.locator(".marks li.unit")).to_have_count(2)


def test_shows_the_state_without_javascript(file: Callable[..., str], look: Opener) -> None:
    case_id = file()
    page = look("zhihui", 1920, 1080, javascript=False).open("/")
    expect(page.locator(f".urgent li[data-key='{case_id}']")).to_be_visible()
    expect(page.locator("[data-live-word]")).to_have_text("静态")
