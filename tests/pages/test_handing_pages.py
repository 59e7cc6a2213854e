"""A case changes hands by clicking: handed back, handed over, called off, a verdict overruled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from server.domain.case import Step
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import reading, review, tracking
from triage.taxonomy import Route as Way

UNIT, OTHER = "shunda-1", "kangle-1"
DISPATCHER = Actor("zhihui", Role.DISPATCHER)
Opener = Callable[..., Any]
SENT_MS = 20_000
PAGE_IS_KEPT = "caches.open('xn-pages').then((c) => c.match('/m')).then((p) => p?.text())"


def phone(look: Opener, **options: object) -> Page:
    page: Page = look("tiaojie", 390, 844, **options).open("/m")
    return page


def kinds(office: Office, case_id: str) -> list[str]:
    return [event.kind for event in reading.case(office, case_id, DISPATCHER).timeline]


def holder(office: Office, case_id: str) -> str | None:
    given = reading.case(office, case_id, DISPATCHER).assignment
    return given.unit_id if given else None


def test_one_touch_calls_the_police_and_says_leave(
    office: Office, case_id: str, look: Opener
) -> None:
    page = phone(look)
    page.click("text=报告危险，交警方")
    scene = page.locator("[data-recall]")
    expect(scene.locator("h1")).to_have_text("离开现场", timeout=SENT_MS)
    expect(scene).to_contain_text("已转公安处置")
    expect(scene).to_contain_text("到顺达等候")
    expect(scene.locator("a[href='tel:110']")).to_be_visible()
    assert reading.case(office, case_id, DISPATCHER).route == "police"
    assert kinds(office, case_id).count("police_needed") == 1
    scene.locator("text=已离开").click()
    expect(page.locator("[data-recall]")).to_have_count(0)
    expect(page.locator(".rest")).to_be_visible()
    assert kinds(office, case_id).count("unit_withdrew") == 1


def test_calling_the_police_works_without_javascript(
    office: Office, case_id: str, look: Opener
) -> None:
    page = phone(look, javascript=False)
    page.click("text=报告危险，交警方")
    expect(page.locator("[data-recall] h1")).to_have_text("离开现场")
    page.click("[data-recall] button")
    expect(page.locator(".notice.good")).to_contain_text("已报告离开现场")
    assert "unit_withdrew" in kinds(office, case_id)


def test_without_a_network_the_phone_says_leave_and_claims_no_police(
    office: Office, case_id: str, look: Opener
) -> None:
    seen = look("tiaojie", 390, 844)
    page: Page = seen.open("/m")
    page.context.set_offline(True)
    page.click("text=报告危险，交警方")
    here = page.locator("[data-recall-here]")
    expect(here.locator("h1")).to_have_text("离开现场")
    expect(here).to_contain_text("请直接拨打110")
    expect(here).not_to_contain_text("已转公安处置")
    expect(page.locator(".thumb")).to_be_hidden()
    assert reading.case(office, case_id, DISPATCHER).route == "mediate"
    page.context.set_offline(False)
    expect(page.locator("[data-recall]")).to_contain_text("已转公安处置", timeout=SENT_MS)
    assert kinds(office, case_id).count("police_needed") == 1
    seen.faults.clear()  # the browser itself reports requests that failed without a network


def test_a_recall_from_the_office_reaches_the_phone_and_stays_without_a_network(
    office: Office, case_id: str, look: Opener
) -> None:
    seen = look("tiaojie", 390, 844)
    page: Page = seen.open("/m")
    desk: Page = look("zhihui").open(f"/console/cases/{case_id}")
    desk.click("text=现场有危险，交警方")
    expect(desk.locator(".notice.good")).to_contain_text("已交警方")
    expect(page.locator("[data-recall]")).to_contain_text("已转公安处置", timeout=SENT_MS)
    deadline = time.monotonic() + 15
    while "离开现场" not in (page.evaluate(PAGE_IS_KEPT) or "").partition("data-recall=")[2]:
        assert time.monotonic() < deadline, "the page was not kept"
        page.wait_for_timeout(50)
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("[data-recall] h1")).to_have_text("离开现场")
    seen.faults.clear()  # the browser itself reports requests that failed without a network


def test_a_recall_that_is_not_to_the_police_does_not_promise_them(
    office: Office, case_id: str, look: Opener
) -> None:
    review.decide_route(office, case_id, Way.SERVICE, actor=DISPATCHER)
    page = phone(look)
    expect(page.locator("[data-recall]")).to_contain_text("指挥室已收回这件警情")
    expect(page.locator("[data-recall]")).not_to_contain_text("已转公安处置")


def test_a_mediator_hands_over(office: Office, case_id: str, look: Opener) -> None:
    page = phone(look)
    page.click("summary:has-text('移交其他单元')")
    page.click("label.choice:has-text('康乐一组')")
    page.click("text=确认移交")
    expect(page.locator(".notice.good")).to_contain_text("已移交")
    assert holder(office, case_id) == OTHER


def test_a_mediator_hands_back_with_a_reason(office: Office, case_id: str, look: Opener) -> None:
    page = phone(look)
    page.click("summary:text-is('退单')")
    page.click("label.choice:has-text('路程太远')")
    page.click("text=确认退单")
    expect(page.locator(".notice.good")).to_contain_text("已退单")
    told = reading.case(office, case_id, DISPATCHER).timeline
    ended = next(event for event in told if event.kind == "assignment_ended")
    assert ended.body == {"why": "refused", "reason": "too_far"}


def test_the_office_hands_back_and_over_for_a_unit(
    office: Office, case_id: str, look: Opener
) -> None:
    page: Page = look("zhihui").open(f"/console/cases/{case_id}")
    page.click("summary:has-text('移交或改派其他单元')")
    page.click(".candidates li:has-text('康乐一组') button")
    expect(page.locator(".notice.good")).to_contain_text("已派康乐一组")
    assert holder(office, case_id) == OTHER
    page.click("summary:has-text('代单元退单')")
    page.select_option("select[name=reason]", "unfit")
    page.click("text=确认退单")
    expect(page.locator(".notice.good")).to_contain_text("已代单元退单")
    assert reading.case(office, case_id, DISPATCHER).status == "open"


def test_a_supervisor_overrules_and_does_nothing_else(
    office: Office, case_id: str, look: Opener
) -> None:
    tracking.post_step(office, case_id, Step.SIGNED, at=None, key="k-signed", actor=DISPATCHER)
    page: Page = look("dudao").open(f"/console/cases/{case_id}")
    expect(page.locator("text=现场有危险，交警方")).to_have_count(0)
    expect(page.locator("text=代单元退单")).to_have_count(0)
    page.click("summary:text-is('改认定')")
    page.select_option("select[name=verdict]", "verified")
    page.fill("form[action$='/steps/signed/overrule'] input[name=why]", "电话核实")
    page.click("text=记下认定")
    expect(page.locator(".notice.good")).to_contain_text("已认定签收：已核实")
    assert "evidence_overruled" in kinds(office, case_id)
