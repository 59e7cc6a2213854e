"""The console without a mouse: choose, judge, assign, look up the keys, filter by doubt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import reading
from server.web.pages import words

Opener = Callable[..., Any]
Filer = Callable[..., str]
KNIFE = "楼下有人拿着菜刀追着人砍，已经有人流血了，快来人"
READER = Actor("zhihui", Role.DISPATCHER)
LEAK = "报警人称楼上漏水把家里天花板泡坏了，与楼上业主协商赔偿不成，要求调解"


def test_a_case_is_judged_and_assigned_by_keys_alone(
    office: Office, file: Filer, look: Opener
) -> None:
    mild = file(LEAK, caller=Caller(phone="10000000011"))
    grave = file(KNIFE, caller=Caller(phone="10000000012"))
    page = look("zhihui").open("/console")
    first = page.locator("[data-live=queue] a[data-case]").first
    expect(first).to_have_attribute("data-case", grave)
    expect(first.locator("em.grave")).to_have_text("危")
    page.keyboard.press("j")
    expect(page.locator("[data-live=middle]")).to_have_attribute("data-case", grave)
    page.keyboard.press("j")
    expect(page.locator("[data-live=middle]")).to_have_attribute("data-case", mild)
    expect(page.locator(".casemap .marks li.case")).to_have_count(1)
    page.keyboard.press("5")
    expect(page.locator(".notice.good")).to_contain_text("人工研判")
    page.keyboard.press("3")
    expect(page.locator(".notice.good")).to_contain_text("派调解队")
    expect(page.locator(".casemap .marks li.unit")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.locator(".case-head")).to_contain_text("已派单")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    assert reading.case(office, mild, READER).route == "mediate"
    page.keyboard.press("/")
    page.keyboard.type("天花板")
    page.keyboard.press("Enter")
    expect(page.locator("[data-live=queue]")).to_contain_text("找到 1 条")


def test_the_queue_is_filtered_by_why_a_person_should_look(
    office: Office, file: Filer, look: Opener
) -> None:
    case_id = file("吵", caller=Caller(phone="10000000013"))
    file(LEAK, caller=Caller(phone="10000000014"))
    [reason, *_] = reading.doubts(office, [case_id])[case_id]
    page = look("dudao").open(f"/console?reason={reason}")
    expect(page.locator("[data-live=queue] a[data-case]")).to_have_count(1)
    expect(page.locator("[data-live=queue] a[data-case]")).to_have_attribute("data-case", case_id)
    expect(page.locator("select[name=reason]")).to_have_value(reason)
    assert reason in words.DOUBTS
