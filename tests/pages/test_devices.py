"""The devices' page in a real Chromium: register, see the code once, revoke, end an alarm."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from server.domain.forecast import Sample, hours_left, since_charge
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import carrying, devices, roster, telemetry

ADMIN = Actor("setup", Role.ADMIN)


@pytest.fixture
def bodycam(office: Office) -> str:
    """Loses a percent in six minutes and 100 MB in three, its clock 50 s behind, an SOS stands."""
    unit = roster.unit_rows(office)[0].id
    roster.add_device(office, "bc-09", kind="bodycam", unit_id=unit, actor=ADMIN)
    now = office.clock()
    batch: list[dict[str, Any]] = []
    for n in range(10):
        at = (now - timedelta(minutes=6 * (9 - n))).isoformat()
        base = {"device_id": "bc-09", "v": 1, "boot": "b", "sent_at": at, "received_at": at}
        batch.append(
            base
            | {"kind": "status", "seq": n, "battery_pct": 40 - n, "storage_free_mb": 4000 - 200 * n}
        )
    sos = {"kind": "alarm", "seq": 99, "alarm": "sos", "active": True}
    telemetry.store(office, [*batch, batch[-1] | sos])
    return "bc-09"


def test_forecasts_follow_the_line(office: Office, bodycam: str) -> None:
    (seen,) = [view for view in devices.views(office) if view.id == bodycam]
    assert seen.battery_h == pytest.approx(2.1, abs=0.05)
    assert seen.storage_h == pytest.approx(1.0, abs=0.05)
    assert seen.alarms == ("sos",)


def test_a_forecast_says_nothing_without_ground() -> None:
    start = datetime(2026, 11, 24, tzinfo=UTC)

    def line(*values: float, minutes: float = 5) -> list[Sample]:
        return [Sample(start + timedelta(minutes=minutes * n), v) for n, v in enumerate(values)]

    assert hours_left(line(50, 49, 48, 47), until=10) is None, "too few"
    assert hours_left(line(50, 49, 48, 47, 46, minutes=1), until=10) is None, "too short"
    assert hours_left(line(50, 51, 52, 53, 54), until=10) is None, "it rises"
    assert hours_left(line(9, 9, 9, 9, 9), until=10) == 0
    assert hours_left(line(50, 49, 48, 47, 46), until=10) == pytest.approx(3.0)
    rest = since_charge(line(50, 60, 70, 69, 68), [False, True, True, False, False])
    assert [sample.value for sample in rest] == [69, 68]


def test_a_device_is_registered_bound_and_revoked(
    office: Office, look: Callable[..., Any], bodycam: str
) -> None:
    page = look("zhihui").open("/console/devices")
    row = page.locator(f'tr[data-key="{bodycam}"]')
    expect(row).to_contain_text("31%")
    expect(row).to_contain_text("SOS求救")
    row.get_by_role("button", name="解除SOS求救").click()
    expect(page.locator(f'tr[data-key="{bodycam}"]')).not_to_contain_text("SOS求救")
    page.get_by_label("编号").fill("rd-77")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("img", name="登录二维码")).to_be_visible()
    expect(page.get_by_text("rd-77").first).to_be_visible()
    password = page.locator("dd code").nth(2).inner_text()
    assert len(password) > 20
    page.get_by_role("link", name="已抄好").click()
    assert password not in page.content()
    row = page.locator('tr[data-key="rd-77"]')
    row.get_by_text("管理").click()
    row.get_by_label("携带人").fill("李某某")
    row.get_by_role("button", name="保存").click()
    row = page.locator('tr[data-key="rd-77"]')
    expect(row).to_contain_text("李某某")
    row.get_by_text("管理").click()
    row.get_by_role("button", name="停用").click()
    expect(page.locator('tr[data-key="rd-77"]')).to_contain_text("已停用")


def test_it_fits_a_phone_and_works_without_javascript(
    look: Callable[..., Any], bodycam: str
) -> None:
    page = look("zhihui", 390, 844, javascript=False).open("/console/devices")
    expect(page.get_by_role("heading", name="设备", exact=True)).to_be_visible()


def test_the_slip_holds_what_a_device_needs(office: Office) -> None:
    made = roster.add_device(office, "bc-50", kind="bodycam", unit_id=None, actor=ADMIN)
    told = json.loads(devices.slip(made, broker="mqtts://broker.example:8883"))
    assert told == {
        "v": 1,
        "broker": "mqtts://broker.example:8883",
        "device": "bc-50",
        "username": "bc-50",
        "password": made.password,
        "topics": "xn/v1/bc-50/",
    }
    again = devices.renew(office, "bc-50", actor=ADMIN)
    assert again.password != made.password


def test_a_device_is_handed_over_and_the_loose_ones_stand_out(
    office: Office, look: Callable[..., Any], bodycam: str
) -> None:
    unit = roster.unit_rows(office)[0]
    if "钱某某" not in carrying.members_for(office, bodycam):
        roster.add_member(office, unit.id, "钱某某")
    page = look("zhihui").open("/console/devices?bound=loose")
    row = page.locator(f'tr[data-key="{bodycam}"]')
    expect(row).to_contain_text("未指明携带人")
    row.get_by_role("link", name="交接").click()
    page.get_by_label("交给").select_option("钱某某")
    page.get_by_role("button", name="交接", exact=True).click()
    first = page.get_by_role("row").nth(1)
    expect(first).to_contain_text("钱某某")
    expect(first).to_contain_text("zhihui")
    expect(page.get_by_role("row").nth(2)).to_contain_text("未指明携带人")
    page.get_by_role("link", name="回到设备").click()
    expect(page.locator(f'tr[data-key="{bodycam}"]')).to_contain_text("钱某某")
