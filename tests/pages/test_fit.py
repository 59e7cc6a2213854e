"""Every page by every role, empty and full, in both languages: no axe violation, nothing cut."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from server.app import open_office
from server.config import Settings
from server.domain.geo import Place
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import roster
from server.web import translation
from server.web.flask_app import create_web
from server.web.pages import navigation

sys.path.insert(0, str(Path(__file__).parent))

import every_page
import lived_in

UNIT = "shunda-1"
Opener = Callable[..., Any]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ROLES = {
    "zhihui": Role.DISPATCHER,
    "dudao": Role.SUPERVISOR,
    "guanli": Role.ADMIN,
    "tiaojie": Role.MEDIATOR,
}
OWN_VIEW = ("/", "/console", "/console/tasks")
"""Where a supervisor finds other controls than a dispatcher does."""
OPEN_ALL = "document.querySelectorAll('details:not([data-menu])').forEach((d) => { d.open = true })"
WIDE = "document.documentElement.scrollWidth - innerWidth"
BEYOND = """Array.from(document.querySelectorAll("body *"))
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`)
  .slice(0, 6).join(", ")"""


@dataclass(frozen=True)
class Home:
    folder: Path
    known: dict[str, str]


@pytest.fixture(scope="session")
def lived_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which something has happened; made once."""
    folder = tmp_path_factory.mktemp("lived") / "home"
    office = open_office(folder, Settings())
    known = lived_in.fill(office)
    office.engine.dispose()
    return Home(folder, known)


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """``empty``: accounts and nothing else. ``full``: a copy of what was lived through."""
    folder = tmp_path / "home"
    if request.param == "empty":
        return Home(folder, {})
    lived: Home = request.getfixturevalue("lived_home")
    shutil.copytree(lived.folder, folder)
    return Home(folder, lived.known)


@pytest.fixture
def office(home: Home) -> Iterator[Office]:
    made = open_office(home.folder, Settings())
    if not roster.unit_rows(made):
        point = made.district.points[0]
        place = Place(point.at.lat, point.at.lon)
        admin = Actor("setup", Role.ADMIN)
        roster.add_unit(made, UNIT, name="顺达一组", point=point.name, place=place, actor=admin)
    yield made
    made.engine.dispose()


@pytest.mark.parametrize("home", ["empty"], indirect=True)
def test_no_page_is_forgotten(office: Office) -> None:
    app = create_web(office)
    assert every_page.unlisted(app) == set()
    listed = {rule for rules in every_page.PAGES.values() for rule in rules}
    assert {entry.address for entry in navigation.ENTRIES} <= listed


def faults_of(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}})
    told = [
        f"{page.url} {rule['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for rule in found.response["violations"]
        for node in rule["nodes"][:3]
    ]
    if not page.locator("h1:visible").count():
        told.append(f"{page.url} has no heading of the first level")
    return told


def too_wide(page: Page, *widths: int) -> list[str]:
    told = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 844})
        if over := max(0, page.evaluate(WIDE)):
            beyond = page.evaluate(BEYOND)
            told.append(f"{page.url} is {over} px wider than {width}: {beyond}")
    return told


@pytest.mark.parametrize(
    ("home", "name", "language"),
    [
        ("empty", "guanli", "zh"),
        ("empty", "tiaojie", "zh"),
        ("empty", "guanli", "en"),
        ("empty", "tiaojie", "en"),
        ("full", "zhihui", "zh"),
        ("full", "dudao", "zh"),
        ("full", "tiaojie", "zh"),
        ("full", "guanli", "en"),
        ("full", "tiaojie", "en"),
    ],
    indirect=["home"],
)
def test_pages_have_no_violation_and_fit(
    home: Home, office: Office, look: Opener, name: str, language: str
) -> None:
    """Axe reads structure and colours, which no language changes; English is the wider one. Pages
    that another role of the same state sees alike are read once."""
    on_phone = ROLES[name] is Role.MEDIATOR
    seen = look(name, *((390, 844) if on_phone else (1366, 768)))
    cookie = {"name": translation.COOKIE, "value": language, "url": seen.site}
    seen.page.context.add_cookies([cookie])
    found = []
    app = create_web(office)
    alike = set(every_page.addresses(app, Role.DISPATCHER, home.known)) - set(OWN_VIEW)
    for address in every_page.addresses(app, ROLES[name], home.known):
        if name == "dudao" and address in alike:
            continue
        page = seen.open(address)
        page.evaluate(OPEN_ALL)
        found += faults_of(page) if language == "zh" else []
        if not address.startswith("/?") and address != "/":
            found += too_wide(page, *((360, 390) if on_phone else (390, 1366)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("home", ["empty"], indirect=True)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_door_and_what_is_not_there_have_no_violation(look: Opener, language: str) -> None:
    found = []
    for name, address in ((None, "/login"), ("dudao", "/nowhere"), ("tiaojie", "/console/audit")):
        seen = look(name, 390, 844)
        cookie = {"name": translation.COOKIE, "value": language, "url": seen.site}
        seen.page.context.add_cookies([cookie])
        page = seen.open(address)
        found += faults_of(page) + too_wide(page, 360, 1366)
        seen.faults.clear()  # the browser notes the 403 and 404 it was given
    assert found == []


@pytest.mark.parametrize("home", ["empty"], indirect=True)
def test_the_page_of_a_phone_without_a_network_has_no_violation(look: Opener) -> None:
    seen = look("tiaojie", 390, 844)
    page = seen.open("/m")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    seen.open("/m/cases/never-opened")
    expect(page.locator("h1")).to_have_text("没有网络")
    assert faults_of(page) + too_wide(page, 360) == []
    seen.faults.clear()


@pytest.mark.parametrize("home", ["empty"], indirect=True)
def test_without_permission_the_page_says_so(look: Opener) -> None:
    seen = look("tiaojie", 390, 844)
    page = seen.open("/console/audit")
    expect(page.locator("h1")).to_contain_text("没有此权限")
    expect(page.locator("a.button")).to_have_attribute("href", "/m")
    seen.faults.clear()  # the browser notes the 403 it was given
