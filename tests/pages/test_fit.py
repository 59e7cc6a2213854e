"""Every page by every role: no axe violation, no sideways scrolling, nothing off the origin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from server.domain.roles import ALLOWED, Role
from server.web.pages import navigation

Opener = Callable[..., Any]
Filer = Callable[..., str]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
CONSOLE = [e.address for e in navigation.ENTRIES if Role.SUPERVISOR in ALLOWED[e.need]]
ADMIN_ONLY = [e.address for e in navigation.ENTRIES if Role.SUPERVISOR not in ALLOWED[e.need]]


def faults_of(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    return [
        f"{page.url} {rule['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for rule in found.response["violations"]
        for node in rule["nodes"][:3]
    ]


def ready(page: Page) -> None:
    page.wait_for_load_state("networkidle" if "/console/" in page.url else "load")


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "full"])
def test_console_pages_have_no_violation(filled: bool, file: Filer, look: Opener) -> None:
    case_id = file() if filled else None
    seen = look("dudao")
    found = []
    pages = [*CONSOLE, "/", "/console/audit/views", "/console/search?q=噪音"]
    if case_id:
        pages += [f"/console?case={case_id}", f"/console/cases/{case_id}"]
    for address in pages:
        page = seen.open(address)
        ready(page)
        found += faults_of(page)
        if address != "/":
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 1366, f"{address} is {wide} px wide"
    assert found == []


def test_admin_pages_and_the_door_have_no_violation(look: Opener) -> None:
    seen = look("guanli")
    found = []
    for address in ADMIN_ONLY:
        found += faults_of(seen.open(address))
    found += faults_of(look(None).open("/login"))
    assert found == []


def test_pages_fit_a_phone(file: Filer, look: Opener) -> None:
    case_id = file()
    seen = look("dudao", 390, 844)
    for address in [*CONSOLE, f"/console/cases/{case_id}"]:
        wide = seen.open(address).evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, f"{address} is {wide} px wide"


def test_without_permission_the_page_says_so(look: Opener) -> None:
    seen = look("tiaojie", 390, 844)
    page = seen.open("/console/audit")
    expect(page.locator("h1")).to_contain_text("没有此权限")
    expect(page.locator("a.button")).to_have_attribute("href", "/m")
    seen.faults.clear()  # the browser notes the 403 it was given
