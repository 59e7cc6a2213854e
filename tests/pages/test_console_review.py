"""Second looks in the browser: joining two cases that are one, and the random audit by keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import audits, reading

Opener = Callable[..., Any]
Filer = Callable[..., str]
READER = Actor("zhihui", Role.DISPATCHER)


def audit_all(office: Office) -> None:
    review = office.settings.review.model_copy(update={"spot_check_share": 1.0})
    learning = office.settings.learning.model_copy(update={"audit_share": 1e-9})
    changed = {"review": review, "learning": learning}
    object.__setattr__(office, "settings", office.settings.model_copy(update=changed))


def test_two_cases_are_joined_and_taken_apart(office: Office, file: Filer, look: Opener) -> None:
    first = file(caller=Caller(phone="10000000011"))
    second = file(caller=Caller(phone="10000000012"))
    page = look("zhihui").open(f"/console?case={second}")
    page.click(".joins summary")
    expect(page.locator(".joins summary")).to_contain_text("疑似 1 件")
    expect(page.locator(".joins .reasons")).to_contain_text("同一地址")
    page.select_option(".joins .candidates select[name=reason]", "other_party")
    page.click("text=并入此件")
    expect(page.locator(".notice.good")).to_contain_text("已并入")
    expect(page.locator("[data-live=queue] a[data-case]")).to_have_count(1)
    assert reading.case(office, second, READER).status == "closed"
    page = look("dudao").open(f"/console/cases/{first}")
    expect(page.locator("article.report")).to_have_count(2)
    expect(page.locator(".joined")).to_contain_text("对方当事人来电 · zhihui")
    page.click("text=撤销并入")
    expect(page.locator(".notice.good")).to_contain_text("已撤销并入")
    expect(page.locator("article.report")).to_have_count(1)
    assert reading.case(office, second, READER).status == "open"
    expect(page.locator(".story")).to_contain_text("并入的警情已撤回")


def test_a_case_is_joined_by_number_without_javascript(
    office: Office, file: Filer, look: Opener
) -> None:
    far = file(address="临溪镇别处9号", place=None, caller=Caller(phone="10000000013"))
    here = file(caller=Caller(phone="10000000014"))
    page = look("zhihui", javascript=False).open(f"/console/cases/{here}")
    page.click(".joins summary")
    page.fill(".joins input[name=number]", far[-6:])
    page.click(".joins form:last-of-type button")
    expect(page.locator(".joined")).to_contain_text(far[-6:])
    assert reading.case(office, here, READER).status == "closed"


def test_the_audit_queue_is_worked_by_keys(office: Office, file: Filer, look: Opener) -> None:
    audit_all(office)
    one = file(caller=Caller(phone="10000000015"))
    two = file("楼上漏水泡坏了天花板，协商赔偿不成，要求调解", caller=Caller(phone="10000000016"))
    assert len(audits.waiting_cases(office, limit=9)) == 2
    page = look("dudao").open("/console?reason=random_audit")
    expect(page.locator("[data-live=queue]")).to_contain_text("抽中 2，已看 0")
    page.keyboard.press("j")
    expect(page.locator("[data-live=middle]")).to_have_attribute("data-case", one)
    expect(page.locator(".audit")).to_contain_text("研判无误")
    page.keyboard.press("a")
    expect(page.locator(".notice.good")).to_contain_text("研判无误")
    expect(page.locator("[data-live=queue]")).to_contain_text("抽中 2，已看 1")
    expect(page.locator("[data-live=queue] a[data-case]")).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("[data-live=middle]")).to_have_attribute("data-case", two)
    page.keyboard.press("a")
    expect(page.locator("[data-live=queue] .empty")).to_be_visible()
    assert audits.figures(office).looked == 2
