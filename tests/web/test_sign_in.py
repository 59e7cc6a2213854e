"""Signing in with a browser: cookies, CSRF, throttling, and where one lands."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts
from server.web.flask_app import create_web
from server.web.sign_in import safe_next

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PASSWORD = "made-up-password"
UNIT = "u-shunda-1"
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@pytest.fixture
def people(office: Office, units: tuple[str, str]) -> None:
    accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    accounts.create_user(office, "tiaojie", PASSWORD, Role.MEDIATOR, UNIT)


def _token(client: FlaskClient) -> str:
    found = _TOKEN.search(client.get("/login").text)
    assert found is not None
    return found[1]


def _enter(client: FlaskClient, name: str, password: str = PASSWORD, **more: str):
    form = {"name": name, "password": password, "csrf_token": _token(client)} | more
    return client.post("/login", data=form, headers={"Accept": "text/html"})


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("name", "home"), [("zhihui", "/console"), ("tiaojie", "/m")])
def test_people_land_where_they_work(client: FlaskClient, name: str, home: str) -> None:
    answer = _enter(client, name)
    assert (answer.status_code, answer.headers["Location"]) == (303, home)
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("xn_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/api/v1/me").json["name"] == name
    assert client.get("/login").headers["Location"] == home


@pytest.mark.usefixtures("people")
def test_a_wrong_password_says_so_without_saying_which(client: FlaskClient) -> None:
    wrong_password, wrong_name = _enter(client, "zhihui", "wrong"), _enter(client, "nobody")
    for answer in (wrong_password, wrong_name):
        assert answer.status_code == 401
        assert "账号或密码不对" in answer.text
    assert client.get("/api/v1/me").status_code == 401


@pytest.mark.usefixtures("people")
def test_signing_out_ends_it(client: FlaskClient) -> None:
    _enter(client, "zhihui")
    secret = client.get_cookie("xn_session")
    assert secret is not None
    token = _page_token(client)
    assert client.post("/logout", data={"csrf_token": token}).headers["Location"] == "/login"
    client.set_cookie("xn_session", secret.value)
    assert client.get("/api/v1/me").status_code == 401


@pytest.mark.usefixtures("people")
def test_a_cookie_alone_changes_nothing(client: FlaskClient, new_report) -> None:
    _enter(client, "zhihui")
    answer = client.post("/api/v1/reports", json=new_report())
    assert answer.status_code == 403
    assert "X-CSRFToken" in answer.json["detail"]
    token = {"X-CSRFToken": _page_token(client)}
    assert client.post("/api/v1/reports", json=new_report(), headers=token).status_code == 201
    stranger = {"X-CSRFToken": token["X-CSRFToken"][:-2] + "xx"}
    assert client.post("/api/v1/reports", json=new_report(), headers=stranger).status_code == 403
    assert client.post("/logout").status_code == 403


@pytest.mark.usefixtures("people")
def test_signing_in_needs_the_page_too(client: FlaskClient) -> None:
    answer = client.post("/login", data={"name": "zhihui", "password": PASSWORD})
    assert answer.status_code == 403
    assert client.get_cookie("xn_session") is None


@pytest.mark.usefixtures("people")
def test_failed_attempts_are_throttled_and_good_ones_are_not(with_settings) -> None:
    office = with_settings(security={"login_limit": "3 per minute"})
    client = create_web(office).test_client()
    for _ in range(5):
        assert _enter(client, "zhihui").status_code == 303
        client.delete_cookie("xn_session")
    assert [_enter(client, "zhihui", "wrong").status_code for _ in range(4)] == [401, 401, 401, 429]
    locked = _enter(client, "zhihui")
    assert locked.status_code == 429
    assert 0 < int(locked.headers["Retry-After"]) <= 60


@pytest.mark.usefixtures("people")
def test_cookies_are_secure_behind_https(with_settings) -> None:
    office = with_settings(http={"secure_cookies": True})
    client = create_web(office).test_client()
    page = client.get("/login", base_url="https://xn.invalid")
    assert page.headers["Strict-Transport-Security"]
    form = {"name": "zhihui", "password": PASSWORD, "csrf_token": _TOKEN.search(page.text)[1]}
    answer = client.post(
        "/login",
        data=form,
        base_url="https://xn.invalid",
        headers={"Referer": "https://xn.invalid/"},
    )
    assert answer.status_code == 303
    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


@pytest.mark.usefixtures("people")
def test_next_is_followed_on_this_site_only(client: FlaskClient) -> None:
    answer = _enter(client, "zhihui", next="/console?status=open")
    assert answer.headers["Location"] == "/console?status=open"


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        "",
        "https://evil.invalid/",
        "//evil.invalid/",
        "/\\evil.invalid",
        "javascript:alert(1)",
        "/\tevil",
        "console",
        "///evil.invalid",
        "/login?next=/login",
        "/" + "x" * 600,
    ],
)
def test_a_next_that_leads_away_is_not_followed(database_url: str, wanted: str | None) -> None:
    assert safe_next(wanted, Actor("zhihui", Role.DISPATCHER)) == "/console"


def _page_token(client: FlaskClient) -> str:
    """The token of a page, read the way a page's script does."""
    page = client.get("/console", headers={"Accept": "text/html"})
    found = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
    assert found is not None
    return found[1]
