"""Lists, files, accounts, audit and settings: what they show, to whom, and what they refuse."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook

from server.domain.errors import Conflict
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts, audit, intake, people
from server.store.events import EventFilter

PHONE = "13800001234"
ADMIN = Actor("guanli", Role.ADMIN)


@pytest.fixture
def filed(office: Office, intake_actor: Actor) -> None:
    for number, text in enumerate(("=1+1 房东不退押金，双方争吵", "楼上半夜放音乐，噪音太大")):
        new = NewReport(
            source="110",
            source_id=f"F-{number}",
            received_at=office.clock(),
            text=f"{text}，电话{PHONE}",
            address="演示街道一号",
            caller=Caller(name="李某某", phone=f"1380000{number:04d}"),
        )
        intake.take(office, new, intake_actor)


@pytest.fixture
def intake_actor() -> Actor:
    return Actor("110-link", Role.INTAKE)


def test_search_marks_what_was_found_and_pages(
    filed: None, enter: Callable[[Role], FlaskClient]
) -> None:
    page = enter(Role.SUPERVISOR).get("/console/search?q=押金").text
    assert "<mark>押金</mark>" in page
    assert "噪音太大" not in page
    assert PHONE not in page


def test_files_hold_masked_text_and_no_formula(
    office: Office, filed: None, enter: Callable[[Role], FlaskClient]
) -> None:
    client = enter(Role.SUPERVISOR)
    csv = client.get("/console/search?as=csv&q=押金")
    assert "attachment" in csv.headers["Content-Disposition"]
    assert "'=1+1 房东不退押金" in csv.text
    assert PHONE not in csv.text
    xlsx = client.get("/console/cases?as=xlsx")
    sheet = load_workbook(io.BytesIO(xlsx.data)).active
    assert sheet is not None
    assert sheet.max_row == 3
    [second, first] = audit.trace_page(office).items
    assert (first.what, first.object_id, second.object_id) == ("export", "reports", "cases")


def test_unknown_filters_and_cursors_do_no_harm(
    filed: None, enter: Callable[[Role], FlaskClient]
) -> None:
    client = enter(Role.ADMIN)
    html = {"Accept": "text/html"}
    for address in ("/console/search", "/console/cases", "/console/audit", "/console/audit/views"):
        assert client.get(f"{address}?route=x&label=<b>&since=13", headers=html).status_code == 200
        assert client.get(f"{address}?after=!!", headers=html).status_code == 422


def test_settings_say_where_they_come_from_and_hide_secrets(
    office: Office, enter: Callable[[Role], FlaskClient]
) -> None:
    (office.home / "xiaonao.toml").write_text('[dispatch]\nmode = "suggest"\n', "utf-8")
    page = enter(Role.ADMIN).get("/console/settings").text
    assert page.count("设置文件") == 1
    assert "speed_kmh" in page


def test_an_account_is_changed_suspended_and_restored(
    office: Office, enter: Callable[[Role], FlaskClient]
) -> None:
    client = enter(Role.ADMIN)
    client.post(
        "/console/users", data={"name": "xinren", "password": "made-up-1", "role": "dispatcher"}
    )
    [new] = [user for user in accounts.users(office) if user.name == "xinren"]
    secret = accounts.open_session(office, new)
    client.post(f"/console/users/{new.id}/suspend")
    assert accounts.session(office, secret) is None
    assert accounts.authenticate(office, "xinren", "made-up-1") is None
    client.post(f"/console/users/{new.id}/restore")
    client.post(f"/console/users/{new.id}/role", data={"role": "supervisor"})
    client.post(f"/console/users/{new.id}/password", data={"password": "made-up-2"})
    again = accounts.authenticate(office, "xinren", "made-up-2")
    assert again is not None
    assert again.role is Role.SUPERVISOR
    told = audit.event_page(office, EventFilter(kind="user_changed")).items
    assert [event.body["change"] for event in told] == ["password", "role", "restored", "suspended"]
    assert all("made-up-2" not in str(event.body) for event in told)


def test_nobody_locks_the_office_out(office: Office) -> None:
    only = accounts.create_user(office, "guanli", "made-up-password", Role.ADMIN)
    other = Actor("other", Role.ADMIN)
    with pytest.raises(Conflict):
        people.suspend(office, only.id, actor=ADMIN, suspended=True)
    with pytest.raises(Conflict):
        people.suspend(office, only.id, actor=other, suspended=True)
    with pytest.raises(Conflict):
        people.change_role(office, only.id, Role.SUPERVISOR, None, actor=other)


def test_wrong_forms_say_what_to_do(office: Office, enter: Callable[[Role], FlaskClient]) -> None:
    client = enter(Role.ADMIN)
    for form in (
        {"name": "x", "password": "short", "role": "dispatcher"},
        {"name": "x", "role": "?"},
    ):
        client.post("/console/users", data=form)
        assert 'class="notice bad"' in client.get("/console/users").text
    assert {user.name for user in accounts.users(office)} == {"u-admin"}


def test_only_an_admin_changes_accounts(enter: Callable[[Role], FlaskClient]) -> None:
    for role in (Role.DISPATCHER, Role.SUPERVISOR):
        assert enter(role).post("/console/users", data={}).status_code == 403
