"""The phone without a network, and what it adds to a case, in a real browser."""

from __future__ import annotations

import base64
import io
import struct
import time
import wave
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from server.domain.roles import Actor, Role
from server.office import Office
from server.services import attachments, carrying, dispatch, reading, roster, units

UNIT = "shunda-1"
DISPATCHER = Actor("zhihui", Role.DISPATCHER)
ADMIN = Actor("admin", Role.ADMIN)
Opener = Callable[..., Any]
SENT_MS = 30_000
PAGE_IS_KEPT = "caches.open('xn-pages').then((c) => c.match('/m')).then(Boolean)"


def png() -> bytes:
    """A real picture of one red pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00\xff\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def wav() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\x00\x00" * 800)
    return made.getvalue()


def until(page: Page, expression: str) -> None:
    """Ask the page until it says yes; its policy forbids Playwright's own way of waiting."""
    deadline = time.monotonic() + 15
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def note(page: Page, text: str) -> None:
    fold = page.locator("details.add")
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()
    page.fill("details.add textarea", text)
    page.click("text=记下说明")
    expect(page.locator("details.add textarea")).to_have_value("")  # it is kept


def step(page: Page, name: str) -> None:
    page.click(f".thumb form:not([hidden]) button:text-is('{name}')")


def keep_voice(page: Page, case_id: str) -> None:
    """What a finished recording does; the microphone itself is the browser's."""
    page.evaluate(
        """async ([caseId, sound]) => {
            const { add, newKey } = await import("/static/js/phone/outbox.js");
            const bytes = Uint8Array.from(atob(sound), (c) => c.charCodeAt(0));
            const blob = new Blob([bytes], { type: "audio/wav" });
            const fields = { kind: "voice" };
            await add({ kind: "attachment", caseId, key: newKey(), fields, blob });
        }""",
        [case_id, base64.b64encode(wav()).decode()],
    )


def test_ten_acts_without_a_network_arrive_once_each(
    office: Office, case_id: str, look: Opener
) -> None:
    seen = look("tiaojie", 390, 844)
    page: Page = seen.open("/m")
    until(page, PAGE_IS_KEPT)
    page.context.set_offline(True)
    for name in ("签收", "出发", "已联系"):
        step(page, name)
    note(page, "当事人情绪激动，已劝开")
    note(page, "对方愿意谈")
    step(page, "到场")
    page.set_input_files(
        "details.add input[type=file]", {"name": "a.png", "mimeType": "image/png", "buffer": png()}
    )
    page.click("text=存入照片")
    keep_voice(page, case_id)
    note(page, "双方同意九点后关音乐")
    page.click(".thumb a:text-is('办结')")
    page.locator(".choice").first.click()
    page.click("text=确认办结")
    expect(page.locator("[data-outbox]")).to_contain_text("10 条待发送")

    page.reload()  # still without a network: the service worker shows the page as it was
    expect(page.locator("[data-outbox]")).to_contain_text("10 条待发送")
    assert reading.case(office, case_id, DISPATCHER).steps == ()

    page.context.set_offline(False)
    expect(page.locator(".rest")).to_be_visible(timeout=SENT_MS)
    expect(page.locator("[data-outbox]")).to_be_hidden()
    done = reading.case(office, case_id, DISPATCHER)
    assert [s.step for s in done.steps] == ["signed", "departed", "contacted", "arrived"]
    assert all(s.at < s.posted_at for s in done.steps)
    assert done.status == "closed"
    added = attachments.of_case(office, case_id, DISPATCHER)
    assert [a.kind for a in added] == ["note", "note", "photo", "voice", "note"]
    assert added[0].text == "当事人情绪激动，已劝开"
    kinds = [event.kind for event in done.timeline]
    assert kinds.count("step_posted") == 4
    assert kinds.count("attachment_added") == 5
    assert kinds.count("case_closed") == 1
    seen.faults.clear()  # the browser itself reports requests that failed without a network


def test_a_touch_can_be_taken_back(office: Office, case_id: str, look: Opener) -> None:
    seen = look("tiaojie", 390, 844)
    page: Page = seen.open("/m")
    page.context.set_offline(True)  # so that a slow machine does not send it before we look
    step(page, "签收")
    expect(page.locator("[data-undo-bar]")).to_contain_text("已记下 签收")
    expect(page.locator("li[data-step=signed]")).to_contain_text("待发送")
    page.click("[data-undo]")
    expect(page.locator(".notice.good")).to_contain_text("已撤销 签收")
    page.context.set_offline(False)
    expect(page.locator(".thumb form:not([hidden]) button")).to_have_text("签收")
    step(page, "签收")
    expect(page.locator("li[data-step=signed]")).to_contain_text("已核实", timeout=SENT_MS)
    assert len(reading.case(office, case_id, DISPATCHER).steps) == 1
    seen.faults.clear()  # the browser itself reports requests that failed without a network


def test_what_is_refused_stays_with_its_reason(office: Office, case_id: str, look: Opener) -> None:
    seen = look("tiaojie", 390, 844)
    page: Page = seen.open("/m")
    step(page, "签收")
    dispatch.assign(office, case_id, "kangle-1", DISPATCHER, instead_of=UNIT)
    expect(page.locator("[data-outbox]")).to_contain_text("1 条未被接受", timeout=SENT_MS)
    page.click("[data-outbox]")
    expect(page.locator("[data-waiting] li")).to_contain_text("签收：警情已由别的单元接手")
    page.click("[data-waiting] button")
    expect(page.locator("[data-nothing-waits]")).to_be_visible()
    seen.faults.clear()  # the browser itself reports the 409 it was given


@pytest.fixture
def carried(office: Office) -> str:
    """A bodycam of the unit, and two members who may have it."""
    for name in ("李某某", "王某某"):
        roster.add_member(office, UNIT, name)
    roster.add_device(office, "bc-01", kind="bodycam", unit_id=UNIT, actor=ADMIN)
    return "bc-01"


def hand(page: Page, name: str) -> None:
    page.click("details.hand summary")
    page.locator("details.hand .choice", has_text="bc-01").click()
    page.locator("details.hand .choice", has_text=name).click()
    page.click("text=确认交接")


def test_a_device_changes_hands_without_a_network(
    office: Office, carried: str, look: Opener
) -> None:
    seen = look("tiaojie", 390, 844)
    page: Page = seen.open("/m")
    page.context.set_offline(True)
    hand(page, "李某某")
    expect(page.locator("[data-undo-bar]")).to_contain_text("已记下 bc-01 交李某某")
    page.click("[data-undo]")
    expect(page.locator(".notice.good")).to_contain_text("已撤销 bc-01 交李某某")
    hand(page, "王某某")
    expect(page.locator("[data-outbox]")).to_contain_text("1 条待发送")
    page.context.set_offline(False)
    carrier = page.locator("details.hand .choice", has_text=carried).locator("small")
    expect(carrier).to_have_text("王某某", timeout=SENT_MS)
    span = {"since": office.clock() - timedelta(hours=1), "until": office.clock()}
    found = carrying.who_had(office, carried, **span, actor=DISPATCHER)
    assert [one.member for one in found if one.by == "tiaojie"] == ["王某某"]
    seen.faults.clear()  # the browser itself reports requests that failed without a network


def test_a_device_changes_hands_without_javascript(
    office: Office, carried: str, look: Opener
) -> None:
    page: Page = look("tiaojie", 390, 844, javascript=False).open("/m")
    hand(page, "李某某")
    expect(page.locator(".notice.good")).to_contain_text("bc-01已交接")
    assert [one.member for one in carrying.of_unit(office, UNIT).devices] == ["李某某"]


def test_an_sos_goes_at_once_and_is_ended_by_its_owner(office: Office, look: Opener) -> None:
    page: Page = look("tiaojie", 390, 844).open("/m")
    page.click("details.sos summary")
    page.click("text=立即求助")
    expect(page.locator(".notice.good")).to_contain_text("紧急求助已送达")
    page.click("details.sos summary")
    page.click("text=我已安全")
    expect(page.locator(".notice.good")).to_contain_text("报平安已送达")
    told = [e for e in reading.latest_events(office, limit=20) if "alarm" in e.kind]
    assert [(e.kind, e.unit_id) for e in told] == [("alarm_ended", UNIT), ("alarm_raised", UNIT)]


def test_an_sos_works_without_javascript(office: Office, look: Opener) -> None:
    page: Page = look("tiaojie", 390, 844, javascript=False).open("/m")
    page.click("details.sos summary")
    page.click("text=立即求助")
    expect(page.locator(".notice.good")).to_contain_text("求救已发到指挥室")
    assert "alarm_raised" in [e.kind for e in reading.latest_events(office, limit=5)]


def test_the_browsers_position_is_a_second_source(office: Office, look: Opener) -> None:
    seen = look("tiaojie", 390, 844)
    spot = office.district.points[0].at
    seen.page.context.grant_permissions(["geolocation"])
    seen.page.context.set_geolocation({"latitude": spot.lat, "longitude": spot.lon, "accuracy": 18})
    page: Page = seen.open("/m/settings")
    page.check("[data-option=position]")
    deadline = time.monotonic() + 15
    while (told := units.unit_views(office, DISPATCHER)[1]).position is None:
        assert time.monotonic() < deadline, "no position arrived"
        page.wait_for_timeout(50)
    assert told.position.accuracy_m == 18
    assert told.position.doubt == ("self_reported",)


def test_low_data_asks_a_few_bytes(office: Office, file: Callable[..., str], look: Opener) -> None:
    page: Page = look("tiaojie", 390, 844).open("/m/settings")
    page.check("[data-option=low]")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page.url.replace("/settings", ""))
    expect(page.locator("[data-live-state=live]")).to_be_visible()
    assert any(url.endswith("/api/v1/phone/pulse") for url in asked)
    assert not any(url.endswith("/api/v1/stream") for url in asked)


def test_the_next_person_does_not_see_the_last_ones_case(case_id: str, look: Opener) -> None:
    seen = look("tiaojie", 390, 844)
    page: Page = seen.open("/m")
    until(page, PAGE_IS_KEPT)
    page.click("text=退出")
    expect(page).to_have_url(f"{seen.site}/login")
    until(page, "caches.has('xn-pages').then((there) => !there)")


@pytest.mark.parametrize("path", ["/m", "/m/settings"])
def test_targets_are_big_on_every_screen(case_id: str, look: Opener, path: str) -> None:
    page: Page = look("tiaojie", 390, 844).open(path)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    small = page.evaluate(
        """() => [...document.querySelectorAll("a.button, button, summary, .waiting")]
            .filter((n) => n.offsetParent && n.getBoundingClientRect().height < 44)
            .map((n) => n.textContent)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
