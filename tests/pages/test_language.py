"""English beside Chinese: every page renders in it, most of it is translated, nobody gets both."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from server.domain.case import Step
from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts, dispatch, reading, tracking
from server.web import translation
from server.web.auth import COOKIE
from server.web.flask_app import create_web
from server.web.pages import navigation

Opener = Callable[..., Any]
Filer = Callable[..., str]
UNIT = "shunda-1"
DISPATCHER = Actor("zhihui", Role.DISPATCHER)
TEMPLATES = Path(translation.__file__).parent / "templates"


def test_the_switch_turns_the_page_and_back(file: Filer, look: Opener) -> None:
    file()
    page = look("zhihui").open("/console")
    page.click("text=English")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".menu > a").first).to_have_text("Desk")
    expect(page.locator("[data-live-word]")).to_have_text("Live")
    file("楼上漏水，要求调解", caller=Caller(phone="10000000021"))
    expect(page.locator("[data-live=queue] .count")).to_contain_text("2 cases")
    other = look("dudao").open("/console")
    expect(other.locator("[data-live=queue] .count")).to_contain_text("2 件")
    page.click("text=中文")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator(".menu > a").first).to_have_text("接警台")


def test_every_page_renders_in_english(look: Opener) -> None:
    seen = look("guanli")
    cookie = {"name": translation.COOKIE, "value": "en", "url": seen.site}
    seen.page.context.add_cookies([cookie])
    for entry in navigation.ENTRIES:
        assert seen.open(entry.address).locator("html").get_attribute("lang") == "en"


def test_the_catalogue_names_what_the_menu_shows() -> None:
    english = translation.catalogue("en")
    assert len(english) > 350
    missing = [e.title for e in navigation.ENTRIES if e.title not in english]
    missing += [group for group in navigation.GROUPS if group not in english]
    assert len(missing) <= len(navigation.ENTRIES) // 2, missing


class Shown(HTMLParser):
    """What a person reads on a page: texts and the words of attributes, without data in Chinese.

    People's words stand in elements that say so (``lang="zh-CN"``).
    """

    VOID = frozenset({"meta", "link", "input", "img", "br", "hr", "use", "path", "rect", "circle"})

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.quiet: list[bool] = [False]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        data = tag in {"script", "style"} or (tag != "html" and told.get("lang") == "zh-CN")
        if tag not in self.VOID:
            self.quiet.append(self.quiet[-1] or data)
        if not (self.quiet[-1] or data):
            names = ("title", "aria-label", "placeholder", "alt")
            self.said += [told[name] or "" for name in names if name in told]

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and len(self.quiet) > 1:
            self.quiet.pop()

    def handle_data(self, data: str) -> None:
        if not self.quiet[-1]:
            self.said.append(data)


ALWAYS_CHINESE = (
    "中文",
    "押金",
    "康乐",
    "单元",
    "红",
    "橙",
    "黄",
    "蓝",
    *["日期", "上岗", "下岗", "休息起", "休息止", "成员"],
)
"""The switch's own word, and what Chinese files and settings must say as it is."""


def test_no_chinese_is_left_in_english_but_names_and_peoples_words(
    office: Office, file: Filer
) -> None:
    case_id = file()
    knife = file("楼下有人拿着菜刀追着人砍，快来人", caller=Caller(phone="10000000031"))
    dispatch.assign(office, case_id, UNIT, DISPATCHER)
    tracking.post_step(office, case_id, Step.SIGNED, at=None, key="s", actor=DISPATCHER)
    district = office.district
    names = {district.name, "顺达一组", "康乐一组", "临溪镇演示路1号", "演示路1号", *ALWAYS_CHINESE}
    for known_case in (case_id, knife):
        for report in reading.case_reports(office, known_case, DISPATCHER):
            names |= {report.text, report.text[:60], "李某某", "李**"}
    for places in (district.communities, district.points, district.roads):
        names |= {place.name for place in places}
    known = sorted(names, key=len, reverse=True)
    cases = [f"/console?case={case_id}", f"/console/cases/{case_id}", f"/console/cases/{knife}"]
    pages = ["/", *(entry.address for entry in navigation.ENTRIES), *cases]
    visits = [(Role.ADMIN, pages), (Role.DISPATCHER, cases), (Role.MEDIATOR, ["/m"])]
    app, left = create_web(office), []
    for role, addresses in visits:
        client = app.test_client()
        client.set_cookie(translation.COOKIE, "en")
        unit = UNIT if role is Role.MEDIATOR else None
        user = accounts.create_user(office, f"u-{role.value}", "made-up-password", role, unit)
        client.set_cookie(COOKIE, accounts.open_session(office, user))
        for address in addresses:
            read = Shown()
            read.feed(client.get(address, headers={"Accept": "text/html"}).text)
            for said in read.said:
                rest = said
                for name in known:
                    rest = rest.replace(name, "")
                if re.search("[\u3400-\u9fff]", rest):
                    left.append(f"{address}: {said.strip()}")
    assert left == [], left


def test_put_together_sentences_are_translated_part_by_part(office: Office) -> None:
    app = create_web(office)
    told = {
        "派甲组：某社区·噪音纠纷，约3分到": "甲组 sent: 某社区 · Noise, about 3 min",
        "2小时05分": "2 h 05 min",
        "顺达一组到场（已核实）": "顺达一组 arrived (verified)",
        "这句话没人译过": "这句话没人译过",
    }
    with app.test_request_context(headers={"Cookie": f"{translation.COOKIE}=en"}):
        assert {text: translation.translate(text) for text in told} == told
        shown = app.jinja_env.from_string("{{ said }}|{{ said | data }}").render(said="咨询")
        assert shown == "Question|咨询"
    with app.test_request_context():
        assert translation.translate("2小时05分") == "2小时05分"


def test_every_word_of_the_scripts_is_in_the_catalogue() -> None:
    said = translation.chinese_of_scripts()
    assert "待发送" in said
    assert [text for text in said if text not in translation.catalogue("en")] == []


def test_the_phones_scripts_speak_english(case_id: str, look: Opener) -> None:
    assert case_id
    seen = look("tiaojie", 390, 844)
    cookie = {"name": translation.COOKIE, "value": "en", "url": seen.site}
    seen.page.context.add_cookies([cookie])
    page = seen.open("/m")
    page.context.set_offline(True)
    page.locator(".thumb form:not([hidden]) button").click()
    expect(page.locator("[data-undo-bar] span")).to_contain_text("Noted: Signed")
    expect(page.locator("[data-outbox]")).to_contain_text("1 to be sent")
    expect(page.locator("li[data-step=signed]")).to_contain_text("to be sent")


def test_what_a_form_answers_is_english_too(look: Opener) -> None:
    seen = look("guanli")
    cookie = {"name": translation.COOKIE, "value": "en", "url": seen.site}
    seen.page.context.add_cookies([cookie])
    page = seen.open("/console/posts?count=6&share=90")
    expect(page.locator(".notice.bad")).not_to_contain_text(re.compile("[\u3400-\u9fff]"))


def test_an_unknown_language_is_chinese(look: Opener) -> None:
    seen = look("dudao")
    cookie = {"name": translation.COOKIE, "value": "../../etc", "url": seen.site}
    seen.page.context.add_cookies([cookie])
    expect(seen.open("/console/kit").locator("html")).to_have_attribute("lang", "zh-CN")


def test_catalogue_entries_are_still_used() -> None:
    """An entry that no source says any more is a word to remove."""
    server = TEMPLATES.parents[1]
    sources = [TEMPLATES.parent, server / "domain", server / "services", server.parent / "triage"]
    text = "".join(
        path.read_text("utf-8")
        for folder in sources
        for path in folder.rglob("*")
        if path.suffix in {".html", ".py", ".js"}
    )
    text += (server / "recurrence_config.py").read_text("utf-8")
    text = re.sub(r"\s+", " ", text)
    stale = [key for key in translation.catalogue("en") if key not in text]
    assert stale == []
