"""The live stream in browsers: one for all tabs, no gap after a cut, new pages after an update."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import dispatch, reading, review
from server.web import stream as streams
from server.web.pages import site as pages

sys.path.insert(0, str(Path(__file__).parent))

from wire import Wire

from triage.taxonomy import Route as Way

DESK = Actor("zhihui", Role.DISPATCHER)
Opener = Callable[..., Any]
Filer = Callable[..., str]


@pytest.fixture
def wire(site: str) -> Iterator[Wire]:
    made = Wire(int(site.rsplit(":", 1)[1]))
    yield made
    made.close()


def over(wire: Wire, seen: Any) -> Any:
    """The same browser, reaching the server by the wire; cookies do not care for ports."""
    seen.site = wire.url
    return seen


def is_live(page: Page) -> None:
    expect(page.locator("[data-live-word]")).to_have_text("实时", timeout=20_000)


def test_tabs_share_one_stream_and_the_next_takes_over(file: Filer, look: Opener) -> None:
    first = look("zhihui", 1920, 1080)
    asked: list[str] = []
    first.page.context.on(
        "request", lambda r: asked.append(r.url) if "/api/v1/stream" in r.url else None
    )
    one = first.open("/")
    is_live(one)
    two = one.context.new_page()
    two.goto(first.site + "/")
    is_live(two)
    assert len(asked) == 1
    case_id = file()
    for page in (one, two):
        expect(page.locator(f".urgent li[data-key='{case_id}']")).to_be_visible()
    one.close()
    expect(two.locator("[data-live-word]")).to_have_text("实时")
    other = file(caller=Caller(phone="10000000777"))
    expect(two.locator(f".urgent li[data-key='{other}']")).to_be_visible()
    assert len(asked) == 2
    two.close()


def test_a_cut_stream_resumes_without_a_gap(
    office: Office, wire: Wire, file: Filer, look: Opener
) -> None:
    seen = over(wire, look("zhihui", 1920, 1080))
    page = seen.open("/")
    is_live(page)
    page.evaluate(
        """() => {
          window.told = [];
          const ear = new BroadcastChannel("xiaonao-stream-zhihui");
          ear.onmessage = ({ data }) => data.kind === "event" && window.told.push(data.id);
        }"""
    )
    start = reading.last_event(office)
    wire.cut()
    expect(page.locator("[data-live-word]")).to_have_text("连接中断，正在重连")
    filed = [file(caller=Caller(phone=f"1000000{n:04d}")) for n in range(3)]
    last = reading.last_event(office)
    wire.mend()
    end = time.monotonic() + 60  # the browser waits up to 25 s between tries
    while last not in page.evaluate("window.told") and time.monotonic() < end:
        page.wait_for_timeout(50)
    assert page.evaluate("window.told") == list(range(start + 1, last + 1))
    for case_id in filed:
        expect(page.locator(f".urgent li[data-key='{case_id}']")).to_be_visible()
    seen.faults.clear()  # the browser itself complains about the cut we made


def test_without_a_stream_the_page_polls_and_says_so(file: Filer, look: Opener) -> None:
    seen = look("zhihui", 1920, 1080)
    page: Page = seen.page
    page.route("**/api/v1/stream*", lambda route: route.fulfill(status=503, body="full"))
    seen.open("/")
    expect(page.locator("[data-live-word]")).to_have_text("连接中断，正在重连")
    case_id = file()
    expect(page.locator(f".urgent li[data-key='{case_id}']")).to_be_visible(timeout=12_000)
    page.goto("about:blank")  # what is on its way ends here
    seen.faults.clear()


def test_an_old_page_reloads_itself_but_never_loses_what_is_being_written(
    wire: Wire, file: Filer, look: Opener, monkeypatch: Any
) -> None:
    case_id = file()
    seen = over(wire, look("zhihui"))
    page = seen.open(f"/console?case={case_id}")
    is_live(page)
    page.evaluate("window.old = true")
    page.fill("input[name=why] >> nth=0", "当事人动手")
    monkeypatch.setattr(streams, "version_of_pages", lambda: "newer")
    wire.cut()
    expect(page.locator("[data-live-word]")).to_have_text("连接中断，正在重连")
    wire.mend()
    is_live(page)
    assert page.evaluate("window.old") is True
    assert page.input_value("input[name=why] >> nth=0") == "当事人动手"
    seen.faults.clear()


@pytest.mark.parametrize(("who", "path"), [("zhihui", "/"), ("tiaojie", "/m")])
def test_an_old_page_is_replaced_when_the_server_is_a_newer_one(
    wire: Wire, look: Opener, monkeypatch: Any, who: str, path: str
) -> None:
    seen = over(wire, look(who))
    page = seen.open(path)
    is_live(page)
    page.evaluate("window.old = true")
    for module in (streams, pages):
        monkeypatch.setattr(module, "version_of_pages", lambda: "newer")
    wire.cut()
    expect(page.locator("[data-live-word]")).to_have_text("连接中断，正在重连")
    with page.expect_navigation(timeout=20_000):
        wire.mend()
    is_live(page)
    assert page.evaluate("window.old") is None
    assert page.locator("meta[name='app-version']").get_attribute("content") == "newer"
    seen.faults.clear()


def test_a_phone_is_not_replaced_while_a_touch_waits_to_be_sent(
    wire: Wire, office: Office, file: Filer, look: Opener, monkeypatch: Any
) -> None:
    case_id = file()
    review.decide_route(office, case_id, Way.MEDIATE, actor=DESK)
    dispatch.assign(office, case_id, "shunda-1", DESK)
    seen = over(wire, look("tiaojie", 390, 844))
    page = seen.open("/m")
    is_live(page)
    page.evaluate("window.old = true")
    page.route("**/api/v1/cases/*/steps", lambda route: route.abort())
    page.click(".thumb button:text-is('签收')")
    expect(page.locator("body[data-unsent]")).to_be_attached()
    for module in (streams, pages):
        monkeypatch.setattr(module, "version_of_pages", lambda: "newer")
    wire.cut()
    expect(page.locator("[data-live-word]")).to_have_text("连接中断，正在重连")
    wire.mend()
    is_live(page)
    assert page.evaluate("window.old") is True
    with page.expect_navigation(timeout=60_000):
        page.unroute("**/api/v1/cases/*/steps")
    is_live(page)
    assert [step.step for step in reading.case(office, case_id, DESK).steps] == ["signed"]
    seen.faults.clear()
