"""The console's shell: every entry of the menu opens for those it is for, and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import expect

from server.domain.roles import Role
from server.office import Office
from server.services import accounts
from server.web.auth import COOKIE
from server.web.flask_app import create_web
from server.web.pages import navigation

Opener = Callable[..., Any]
STAFF = (Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN, Role.MEDIATOR)


@pytest.fixture
def enter(office: Office) -> Callable[[Role], FlaskClient]:
    app = create_web(office)

    def make(role: Role) -> FlaskClient:
        unit = "shunda-1" if role is Role.MEDIATOR else None
        user = accounts.create_user(office, f"u-{role.value}", "made-up-password", role, unit)
        client = app.test_client()
        client.set_cookie(COOKIE, accounts.open_session(office, user))
        return client

    return make


@pytest.mark.parametrize("role", STAFF)
def test_entries_open_for_those_they_are_for(
    role: Role, enter: Callable[[Role], FlaskClient]
) -> None:
    client = enter(role)
    for entry in navigation.ENTRIES:
        answer = client.get(entry.address, headers={"Accept": "text/html"})
        wanted = 200 if accounts.Actor("x", role).may(entry.need) else 403
        assert answer.status_code == wanted, entry.address
        if wanted == 403:
            assert "没有此权限" in answer.text
        elif role is not Role.MEDIATOR:
            assert f'href="{entry.address}" aria-current="page"' in answer.text


def test_groups_of_the_menu_are_known() -> None:
    assert {entry.group for entry in navigation.ENTRIES} - {""} <= set(navigation.GROUPS)


def test_the_longest_address_is_the_present_one() -> None:
    assert navigation.is_here("/console/kit", "/console/kit")
    assert not navigation.is_here("/console", "/console/kit")
    assert navigation.is_here("/console", "/console/reports/x")


def test_a_menu_opens_and_closes_by_keyboard(look: Opener) -> None:
    page = look("dudao").open("/console/kit")
    menu = page.locator("details[data-menu]").last
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu.locator("a").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu.locator("a").first).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()
