"""The console and the phone in a real browser: the whole walk of a case, by clicking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from server.domain.roles import Actor, Role
from server.office import Office
from server.services import dispatch, reading, review
from triage.taxonomy import Route

UNIT = "shunda-1"
DISPATCHER = Actor("zhihui", Role.DISPATCHER)
KNIFE = "楼下有人拿着菜刀追着人砍，已经有人流血了，快来人"
Opener = Callable[..., Any]
Filer = Callable[..., str]


SENT_MS = 20_000
"""A mediator's act waits five seconds for being taken back, then it is sent."""


def console(look: Opener, path: str = "/console", **options: object) -> Page:
    page: Page = look("zhihui", **options).open(path)
    return page


def to_mediators(office: Office, case_id: str) -> None:
    review.decide_route(office, case_id, Route.MEDIATE, actor=DISPATCHER)


def test_the_walk_of_a_case_from_the_line_to_settled(
    office: Office, file: Filer, look: Opener
) -> None:
    desk = console(look)
    phone: Page = look("tiaojie", 390, 844).open("/m")
    expect(phone.locator(".rest")).to_contain_text("现在没有警情")
    expect(phone.locator("[data-live-word]")).to_have_text("实时")
    expect(desk.locator("[data-live-word]")).to_have_text("实时")

    case_id = file()
    desk.click(f"a[data-case='{case_id}']")
    expect(desk.locator("article.report .said")).to_contain_text("半夜放音乐")
    expect(desk.locator("article.report .tel")).to_have_text("10000000001")
    desk.click(".routes button[value=mediate]")
    expect(desk.locator(".notice.good")).to_contain_text("派调解队")
    desk.click(".candidates li:has-text('顺达一组') button")
    expect(desk.locator(".case-head")).to_contain_text("已派单")

    expect(phone.locator("article.case h1:visible")).to_have_text("演示路1号")
    expect(phone.locator(".dial")).to_have_attribute("href", "tel:10000000001")
    hrefs = phone.locator(".ways a").evaluate_all("links => links.map((a) => a.href)")
    assert [href.split(":")[0] for href in hrefs] == ["https", "https", "https", "geo"]
    for word, done in (
        ("签收", "签收"),
        ("出发", "出发"),
        ("已联系", "联系当事人"),
        ("到场", "到场"),
    ):
        phone.click(f".thumb button:text-is('{word}')")
        step = phone.locator(f".walk li.done:has-text('{done}')")
        expect(step).to_be_visible(timeout=SENT_MS)
    expect(phone.locator(".walk li.done").first).to_contain_text("已核实")
    expect(desk.locator(".case-head")).to_contain_text("已到场")
    expect(desk.locator(".story")).to_contain_text("顺达一组到场")

    phone.click("label.choice:has-text('当场化解')")
    phone.fill("[name=amount_yuan]", "300")
    phone.click("text=确认办结")
    expect(phone.locator(".rest")).to_be_visible(timeout=SENT_MS)
    expect(phone.locator(".past")).to_contain_text("当场化解")
    expect(desk.locator(".right")).to_contain_text("已办结")
    closed = reading.case(office, case_id, DISPATCHER)
    assert (closed.disposition, closed.status) == ("settled_on_spot", "closed")
    assert {step.by for step in closed.steps} == {"tiaojie"}


def test_cues_are_marked_and_reasons_shown(file: Filer, look: Opener) -> None:
    case_id = file(KNIFE)
    page = console(look, f"/console?case={case_id}")
    expect(page.locator("mark.cue").first).to_be_visible()
    expect(page.locator(".queue li").first).to_contain_text("危")
    expect(page.locator(".probs tr")).to_have_count(3)


def test_keys_move_and_decide_but_not_while_typing(
    office: Office, file: Filer, look: Opener
) -> None:
    first, second = file(), file(KNIFE, address="临溪镇演示路2号")
    page = console(look)
    page.keyboard.press("j")
    expect(page.locator(".queue li.selected")).to_have_count(1)
    at_first = page.locator(".queue li.selected").get_attribute("data-key")
    page.keyboard.press("j")
    expect(page.locator(f".queue li.selected:not([data-key='{at_first}'])")).to_have_count(1)
    page.keyboard.press("k")
    expect(page.locator(f".queue li.selected[data-key='{at_first}']")).to_have_count(1)
    page.goto(page.url.split("?")[0] + f"?case={first}")
    page.keyboard.press("/")
    page.keyboard.type("1")
    expect(page.locator("[name=q]")).to_have_value("1")
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    expect(page.locator(".notice.good")).to_contain_text("派调解队")
    page.keyboard.press("Enter")
    expect(page.locator(".case-head")).to_contain_text("已派单")
    found = reading.case(office, first, DISPATCHER)
    assert found.assignment is not None
    assert reading.case(office, second, DISPATCHER).route != "mediate"


def test_filters_live_in_the_address_and_words_are_found(file: Filer, look: Opener) -> None:
    file()
    knife = file(KNIFE, address="临溪镇演示路2号")
    page = console(look, "/console?route=service")
    expect(page.locator(".queue .empty")).to_contain_text("没有符合条件的警情")
    page.goto(page.url.replace("route=service", "q=菜刀"))
    expect(page.locator(".queue li")).to_have_count(1)
    page.click(".queue li a")
    expect(page.locator("[data-live=middle]")).to_have_attribute("data-case", knife)
    assert "q=" in page.url


def test_a_correction_is_kept_with_its_reason(office: Office, file: Filer, look: Opener) -> None:
    case_id = file()
    page = console(look, f"/console/cases/{case_id}")
    page.click("summary:has-text('更正类别')")
    page.select_option("[name=category]", "dispute.neighbour")
    page.fill("form[action$='/label'] [name=why]", "楼上楼下")
    page.click("button:text-is('更正类别')")
    expect(page.locator(".notice.good")).to_contain_text("已更正为")
    found = reading.case(office, case_id, DISPATCHER)
    assert (found.label, found.category) == ("dispute", "dispute.neighbour")


def test_losing_a_race_names_the_winner(office: Office, file: Filer, look: Opener) -> None:
    case_id = file()
    to_mediators(office, case_id)
    page = console(look, f"/console?case={case_id}", javascript=False)
    dispatch.assign(office, case_id, "kangle-1", DISPATCHER)
    page.click(".candidates li:has-text('顺达一组') button")
    expect(page.locator(".notice.bad")).to_contain_text("康乐一组已先接手")


def test_the_operator_acts_for_a_unit_without_javascript(
    office: Office, file: Filer, look: Opener
) -> None:
    case_id = file()
    to_mediators(office, case_id)
    page = console(look, f"/console?case={case_id}", javascript=False)
    page.click(".candidates li button >> nth=0")
    page.click("button[name=step][value=signed]")
    expect(page.locator(".notice.good")).to_contain_text("仅自报")
    page.click("summary:has-text('办结')")
    page.select_option("[name=disposition]", "withdrawn")
    page.fill("[name=amount_yuan]", "三百")
    page.click("form[action$='/close'] button")
    expect(page.locator(".notice.bad")).to_contain_text("金额请填数字")
    page.click("summary:has-text('办结')")
    page.select_option("[name=disposition]", "withdrawn")
    page.click("form[action$='/close'] button")
    expect(page.locator(".notice.good")).to_contain_text("已办结：撤回")
    assert reading.case(office, case_id, DISPATCHER).disposition == "withdrawn"


def test_a_supervisor_may_correct_but_not_assign(office: Office, file: Filer, look: Opener) -> None:
    case_id = file()
    to_mediators(office, case_id)
    page: Page = look("dudao").open(f"/console?case={case_id}")
    expect(page.locator(".tel")).to_have_text("100****0001")
    expect(page.locator(".candidates")).to_have_count(0)
    expect(page.locator("summary:has-text('更正类别')")).to_be_visible()


def test_what_is_typed_survives_live_changes(file: Filer, look: Opener) -> None:
    case_id = file()
    page = console(look, f"/console?case={case_id}")
    page.click("summary:has-text('办结')")
    page.fill("[name=note]", "正在写")
    file(KNIFE, address="临溪镇演示路2号")
    expect(page.locator(".queue li")).to_have_count(2)
    expect(page.locator("[name=note]")).to_have_value("正在写")
    expect(page.locator("details:has([name=note])")).to_have_attribute("open", "")


def test_live_queue_does_not_look_at_callers_again(
    office: Office, file: Filer, look: Opener
) -> None:
    case_id = file()
    seen = look("zhihui")
    page: Page = seen.open(f"/console?case={case_id}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    file(KNIFE, address="临溪镇演示路2号")
    expect(page.locator(".queue li")).to_have_count(2)
    fetched = [url for url in asked if "/console" in url]
    assert fetched
    assert all("part=queue" in url for url in fetched)
