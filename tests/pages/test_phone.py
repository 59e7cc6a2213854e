"""The mediator's phone, the sign-in page and the small files, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from server.domain.case import Disposition
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import audit, dispatch, reading, review, tracking
from server.services.audit import EventFilter
from server.web.pages import phone as phone_page
from triage.taxonomy import Route as Way

UNIT = "shunda-1"
DISPATCHER = Actor("zhihui", Role.DISPATCHER)
Opener = Callable[..., Any]
SENT_MS = 20_000
"""An act waits five seconds for the person to take it back, then it is sent."""


def running_case(office: Office, file: Callable[..., str]) -> str:
    case_id = file()
    review.decide_route(office, case_id, Way.MEDIATE, actor=DISPATCHER)
    dispatch.assign(office, case_id, UNIT, DISPATCHER)
    return case_id


def phone(look: Opener, **options: object) -> Page:
    page: Page = look("tiaojie", 390, 844, **options).open("/m")
    return page


def test_steps_work_without_javascript(
    office: Office, file: Callable[..., str], look: Opener
) -> None:
    case_id = running_case(office, file)
    page = phone(look, javascript=False)
    page.click(".thumb button:text-is('签收')")
    expect(page.locator(".notice.good")).to_contain_text("签收：已核实")
    expect(page.locator(".thumb form:not([hidden]) button")).to_have_text("出发")
    assert [step.step for step in reading.case(office, case_id, DISPATCHER).steps] == ["signed"]


def test_a_step_is_sent_again_until_it_arrives_and_acts_once(
    office: Office, file: Callable[..., str], look: Opener
) -> None:
    case_id = running_case(office, file)
    seen = look("tiaojie", 390, 844)
    page: Page = seen.open("/m")
    lost = 0

    def lose_the_answer_once(route: Route) -> None:
        nonlocal lost
        if lost:
            route.continue_()
            return
        lost += 1
        route.fetch(max_redirects=0)  # it arrives, but the phone never hears
        route.abort()

    page.route("**/api/v1/cases/*/steps", lose_the_answer_once)
    page.click(".thumb button:text-is('签收')")
    expect(page.locator(".thumb form:not([hidden]) button")).to_have_text("出发")
    expect(page.locator("li[data-step=signed]")).to_contain_text("已核实", timeout=20_000)
    steps = reading.case(office, case_id, DISPATCHER).steps
    assert [step.step for step in steps] == ["signed"]
    assert lost == 1
    seen.faults.clear()  # the browser itself complains about the answer we lost


def test_to_police_takes_two_touches(
    office: Office, file: Callable[..., str], look: Opener
) -> None:
    case_id = running_case(office, file)
    page = phone(look)
    page.click("summary:has-text('转公安')")
    page.click("text=确认转公安")
    expect(page.locator(".rest")).to_be_visible(timeout=SENT_MS)
    assert reading.case(office, case_id, DISPATCHER).disposition == "to_police"


def test_targets_are_big_and_nothing_overflows(
    office: Office, file: Callable[..., str], look: Opener
) -> None:
    running_case(office, file)
    page = phone(look)
    small = page.evaluate(
        """() => [...document.querySelectorAll("a.button, button, summary")]
            .filter((n) => n.offsetParent && n.getBoundingClientRect().height < 44)
            .map((n) => n.textContent)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_closed_case_shows_no_caller(
    office: Office, file: Callable[..., str], look: Opener
) -> None:
    running_case(office, file)
    page = phone(look)
    page.click("summary:has-text('转公安')")
    page.click("text=确认转公安")
    expect(page.locator(".past li a")).to_be_visible(timeout=SENT_MS)
    page.click(".past li a")
    expect(page.locator("article.case h1")).to_be_visible()
    expect(page.locator(".dial")).to_have_count(0)
    expect(page.locator(".thumb")).to_have_count(0)


def test_the_papers_of_a_case_can_be_had_while_it_runs(
    office: Office, file: Callable[..., str], look: Opener
) -> None:
    case_id = running_case(office, file)
    page = phone(look)
    for name in ("调解协议书", "调解记录"):
        with page.expect_download() as saved:
            page.click(f".papers >> text={name}")
        assert saved.value.suggested_filename.endswith(f"{name}-{case_id[-6:]}.docx")
    settled = Disposition.SETTLED_ON_SPOT
    tracking.close(office, case_id, disposition=settled, key="k-close", actor=DISPATCHER)
    page.goto(page.url.split("/m")[0] + f"/m/cases/{case_id}")
    expect(page.locator("article.case h1")).to_be_visible()
    expect(page.locator(".papers")).to_have_count(0)  # nor the caller's data they are made of


@pytest.mark.parametrize("javascript", [True, False])
def test_the_number_is_shown_once_for_each_asking(
    office: Office, file: Callable[..., str], look: Opener, javascript: bool
) -> None:
    """It dials without being seen; whoever dials by another telephone asks, and that is kept."""
    running_case(office, file)
    page = phone(look, javascript=javascript)
    expect(page.locator(".dial")).to_have_attribute("href", "tel:10000000001")
    expect(page.locator(".dial")).to_contain_text("100****0001")
    page.click("text=显示号码")
    expect(page.locator(".number strong")).to_have_text("100 0000 0001")
    page.goto(page.url)
    expect(page.locator(".dial")).to_be_visible()
    expect(page.locator(".number")).to_have_count(0)
    told = audit.event_page(office, EventFilter(kind="caller_viewed")).items
    assert [event.actor for event in told] == ["tiaojie"]


def test_other_roles_and_strangers_are_told_plainly(look: Opener) -> None:
    stranger = look(None)
    page: Page = stranger.open("/m")
    expect(page).to_have_url(f"{stranger.site}/login?next=/m")
    seen = look("zhihui")
    page = seen.open("/m")
    expect(page.locator("h1")).to_contain_text("没有此权限")
    seen.faults.clear()  # the browser itself reports the 403 it was given


def test_sign_in_names_the_fault_and_fills_demo_accounts(
    account: Callable[[str], str], look: Opener
) -> None:
    account("zhihui")
    seen = look(None)
    page: Page = seen.open("/login")
    page.fill("[name=name]", "zhihui")
    page.fill("[name=password]", "wrong-password")
    page.click("main form button")
    expect(page.locator("[role=alert]")).to_contain_text("账号或密码不对")
    seen.faults.clear()  # the browser itself reports the 401 it was given
    page.click(".demo-account")
    page.click("main form button")
    expect(page).to_have_url(f"{seen.site}/console")


def test_map_manifest_and_icons(look: Opener) -> None:
    seen = look("tiaojie", 390, 844)
    get = seen.page.request.get
    district = get(f"{seen.site}/district.json")
    assert len(district.json()["communities"]) == 43
    tag = district.headers["etag"]
    again = get(f"{seen.site}/district.json", headers={"If-None-Match": tag})
    assert again.status == 304
    manifest = get(f"{seen.site}/manifest.webmanifest").json()
    assert manifest["start_url"] == "/m"
    for icon in [*(i["src"] for i in manifest["icons"]), "/favicon.ico"]:
        assert get(seen.site + icon).ok, icon


def test_a_case_taken_away_between_two_looks_breaks_nothing(
    office: Office, file: Callable[..., str]
) -> None:
    case_id = running_case(office, file)
    mediator = Actor("tiaojie", Role.MEDIATOR, UNIT)
    found = reading.case(office, case_id, mediator)
    assert len(phone_page.reports_of(office, mediator, found)) == 1
    dispatch.assign(office, case_id, "kangle-1", DISPATCHER, instead_of=UNIT)
    assert phone_page.reports_of(office, mediator, found) == ()
