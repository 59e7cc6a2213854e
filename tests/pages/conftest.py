"""A real browser against the real server over SQLite, with a small made-up street."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from edge.shipped import shipped_district
from server.config import Settings
from server.domain.geo import Place
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor, Role
from server.office import Judge, Office, utc_now
from server.services import accounts, dispatch, intake, review, roster
from server.store.engine import open_engine
from server.vault import open_vault
from server.web.auth import COOKIE
from server.web.flask_app import create_web
from server.web.server import WebServer
from server.web.sign_in import DemoAccount
from triage.taxonomy import Route

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
]
PASSWORD = "made-up-password"
UNIT, OTHER = "shunda-1", "kangle-1"
PHONE = "10000000001"
NOISE = "报警人称楼上住户半夜放音乐吵得睡不着，上门说过两次没有用，要求调解噪音纠纷"
KNIFE = "楼下有人拿着菜刀追着人砍，已经有人流血了，快来人"
ADMIN = Actor("admin", Role.ADMIN)
LINE = Actor("line", Role.INTAKE)


@pytest.fixture
def office(tmp_path: Path, sqlite_template: Path, judge: Judge) -> Iterator[Office]:
    """An office at the present time with two units on duty."""
    shutil.copy(sqlite_template, tmp_path / "xiaonao.db")
    engine = open_engine(f"sqlite:///{tmp_path / 'xiaonao.db'}")
    made = Office(
        home=tmp_path,
        settings=Settings.model_validate({"dispatch": {"mode": "suggest"}}),
        engine=engine,
        vault=open_vault(tmp_path),
        judge=judge,
        district=shipped_district(),
        clock=utc_now,
    )
    points = {point.name: point.at for point in made.district.points}
    for unit_id, name, point in ((UNIT, "顺达一组", "顺达"), (OTHER, "康乐一组", "康乐")):
        place = Place(points[point].lat, points[point].lon)
        roster.add_unit(made, unit_id, name=name, point=point, place=place, actor=ADMIN)
    yield made
    engine.dispose()


@pytest.fixture
def file(office: Office) -> Callable[..., str]:
    """Take a report in; returns the id of its case."""
    count = iter(range(1, 1000))

    def take(text: str = NOISE, **fields: Any) -> str:
        spot = office.district.points[0].at
        new = NewReport(
            source="110",
            source_id=f"T-{next(count)}",
            received_at=office.clock(),
            text=text,
            address="临溪镇演示路1号",
            place=Place(spot.lat + 0.004, spot.lon),
            caller=Caller(name="李某某", phone=PHONE),
        )
        answer = intake.take(office, replace(new, **fields), LINE).answer
        report = answer["report"]
        assert isinstance(report, dict)
        return str(report["case_id"])

    return take


@pytest.fixture
def case_id(office: Office, file: Callable[..., str]) -> str:
    """A case that the dispatcher gave to the first unit."""
    made = file()
    desk = Actor("zhihui", Role.DISPATCHER)
    review.decide_route(office, made, Route.MEDIATE, actor=desk)
    dispatch.assign(office, made, UNIT, desk)
    return made


@pytest.fixture
def site(office: Office) -> Iterator[str]:
    """The address of the running server."""
    demo = [DemoAccount("zhihui", PASSWORD, "指挥员")]
    server = WebServer(create_web(office, demo_accounts=demo), office, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server.url
    server.stop()
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed; run .ci/packages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Look:
    """A page that remembers everything a user should never see in the console."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self.faults: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._request)

    def sign_in(self, secret: str) -> Look:
        cookie = {"name": COOKIE, "value": secret, "url": self.site}
        self.page.context.add_cookies([cookie])  # type: ignore[list-item]
        return self

    def open(self, path: str) -> Page:
        self.page.goto(self.site + path)
        return self.page

    def _console(self, message: object) -> None:
        text = getattr(message, "text", "")
        # Only a test takes the network away, and the browser may say so after the last assertion.
        if "net::ERR_INTERNET_DISCONNECTED" in text:
            return
        if getattr(message, "type", "") in ("error", "warning"):
            self.faults.append(text)

    def _request(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if not url.startswith((self.site, "data:", "blob:")):
            self.foreign.append(url)


ROLES = {
    "zhihui": Role.DISPATCHER,
    "dudao": Role.SUPERVISOR,
    "tiaojie": Role.MEDIATOR,
    "guanli": Role.ADMIN,
}


@pytest.fixture
def account(office: Office) -> Callable[[str], str]:
    """Add the account of that name unless it is there; returns the secret of an open session."""

    def make(name: str) -> str:
        unit_id = UNIT if ROLES[name] is Role.MEDIATOR else None
        there = {user.name: user for user in accounts.users(office)}
        user = there.get(name) or accounts.create_user(office, name, PASSWORD, ROLES[name], unit_id)
        return accounts.open_session(office, user)

    return make


@pytest.fixture
def look(
    chromium: Browser, site: str, account: Callable[[str], str]
) -> Iterator[Callable[..., Look]]:
    """``look("zhihui", 1366, 768)``: a signed-in page; clean of errors at the end of the test."""
    opened: list[Look] = []

    def make(
        name: str | None, width: int = 1366, height: int = 768, *, javascript: bool = True
    ) -> Look:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            java_script_enabled=javascript,
        )
        context.set_default_timeout(15_000)
        seen = Look(context.new_page(), site)
        opened.append(seen)
        return seen.sign_in(account(name)) if name else seen

    yield make
    for seen in opened:
        seen.page.context.close()
        assert seen.faults == []
        assert seen.foreign == []
