"""A joint case on both screens: the desk answers for the police, the mediator reads it at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from server.domain.roles import Actor, Role
from server.office import Office
from server.services import reading, review
from server.sweep import sweep_once
from triage.taxonomy import Route

DISPATCHER = Actor("zhihui", Role.DISPATCHER)
Opener = Callable[..., Any]


def picture(page: Page, name: str) -> None:
    """A picture to look at, where a folder is named."""
    if folder := os.environ.get("XN_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def test_both_sides_of_a_joint_case_know_of_each_other(
    office: Office, case_id: str, look: Opener
) -> None:
    review.decide_route(office, case_id, Route.JOINT, actor=DISPATCHER)
    phone = look("tiaojie", 390, 844).open("/m")
    mine = phone.locator("article .joint")
    expect(mine).to_contain_text("正在提请公安")
    expect(mine).to_contain_text("不要进门")
    sweep_once(office)
    expect(mine).to_contain_text("已提请公安")
    picture(phone, "joint-phone-asked")

    desk = look("zhihui", 1366, 768).open(f"/console?case={case_id}")
    expect(desk.locator(".queue li.selected")).to_contain_text("已提请公安")
    form = desk.locator(".right .joint form").first
    form.locator("select").select_option("coming")
    form.locator("[name=officer]").fill("警号1000")
    form.locator("[name=minutes]").fill("4")
    form.locator("button").click()
    expect(desk.locator(".right .joint .line strong")).to_contain_text("民警正在赶来")
    picture(desk, "joint-desk")
    expect(mine).to_contain_text("民警正在赶来")
    expect(mine).to_contain_text("警号1000")
    expect(mine).to_contain_text("不要进门")
    picture(phone, "joint-phone-coming")

    form.locator("select").select_option("here")
    form.locator("[name=minutes]").fill("")
    form.locator("button").click()
    expect(mine).to_contain_text("先会合民警")
    expect(mine).not_to_contain_text("不要进门")
    picture(phone, "joint-phone-here")
    seen = reading.case(office, case_id, DISPATCHER).police
    assert seen is not None
    assert seen.may_enter
