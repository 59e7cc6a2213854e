"""English beside Chinese: every page renders in it, most of it is translated, nobody gets both."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from server.domain.report import Caller
from server.web import translation
from server.web.pages import navigation

Opener = Callable[..., Any]
Filer = Callable[..., str]
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


def test_an_unknown_language_is_chinese(look: Opener) -> None:
    seen = look("dudao")
    cookie = {"name": translation.COOKIE, "value": "../../etc", "url": seen.site}
    seen.page.context.add_cookies([cookie])
    expect(seen.open("/console/kit").locator("html")).to_have_attribute("lang", "zh-CN")


def test_catalogue_entries_are_still_used() -> None:
    """An entry that no source says any more is a word to remove."""
    sources = [TEMPLATES.parent, TEMPLATES.parents[1] / "domain", TEMPLATES.parents[2] / "triage"]
    text = "".join(
        path.read_text("utf-8")
        for folder in sources
        for path in folder.rglob("*")
        if path.suffix in {".html", ".py"}
    )
    text += (TEMPLATES.parents[1] / "services" / "report_files.py").read_text("utf-8")
    text += (TEMPLATES.parents[1] / "recurrence_config.py").read_text("utf-8")
    stale = [key for key in translation.catalogue("en") if key not in re.sub(r"\s+", " ", text)]
    assert stale == []
