"""Every route by every role: what the table of actions says is what happens."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.domain.roles import ALLOWED, Action, Role
from server.office import Office
from server.services import accounts
from server.web.access import Access, need_of, undeclared
from server.web.flask_app import create_web, operations

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PASSWORD = "made-up-password"
UNIT = "u-shunda-1"
STREAM = "/api/v1/stream"


def _address(app: Flask, endpoint: str) -> tuple[str, str]:
    rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
    method = "POST" if "POST" in (rule.methods or set()) else "GET"
    path = rule.rule
    for name in rule.arguments:
        path = path.replace(f"<{name}>", "nothing").replace(f"<path:{name}>", "nothing")
        path = path.replace(f"<int:{name}>", "0")
    return method, path


def _guarded(app: Flask) -> list[str]:
    """Endpoints that belong to an action; the stream is tried over a real server."""
    names = {rule.endpoint for rule in app.url_map.iter_rules()}
    return sorted(n for n in names if isinstance(need_of(app, n), Action) and n != "api.follow")


def test_every_route_declares_who_may_call_it(app: Flask) -> None:
    assert undeclared(app) == []


def test_only_these_routes_are_open_to_strangers(app: Flask) -> None:
    names = {rule.endpoint for rule in app.url_map.iter_rules()}
    public = {n for n in names if need_of(app, n) is Access.PUBLIC and "static" not in n}
    pages = {n for n in public if n.startswith("assets.")}
    assert public - pages == {
        "openapi",
        "ops.healthz",
        "ops.readyz",
        "sign_in.login",
        "sign_in.enter",
    }


def test_a_view_that_declares_nothing_is_refused_to_everybody(app: Flask, bearer) -> None:
    app.add_url_rule("/forgotten", endpoint="forgotten", view_func=lambda: "open")
    client = app.test_client()
    assert undeclared(app) == ["forgotten"]
    assert client.get("/forgotten", headers={"Accept": "text/plain"}).status_code == 401
    assert client.get("/forgotten", headers=bearer("admin")).status_code == 403


@pytest.mark.parametrize("role", list(Role))
def test_every_guarded_route_answers_roles_as_the_table_says(
    app: Flask, client: FlaskClient, bearer, role: Role
) -> None:
    headers = bearer(role.value) | {"Accept": "application/json"}
    wrong = []
    for endpoint in _guarded(app):
        method, path = _address(app, endpoint)
        need = need_of(app, endpoint)
        assert isinstance(need, Action)
        answer = client.open(path, method=method, headers=headers)
        refused = answer.status_code == 403 and b"account may not" in answer.data
        if refused is (role in ALLOWED[need]) or answer.status_code in {401, 500}:
            wrong.append((endpoint, role.value, answer.status_code))
    assert wrong == []


def test_strangers_get_401_from_the_api_and_the_sign_in_page_from_pages(
    app: Flask, client: FlaskClient
) -> None:
    for operation in operations():
        method, path = _address(app, f"api.{operation.name}")
        answer = client.open(path, method=method)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.content_type == "application/problem+json"
    answer = client.get("/console?status=open", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=/console%3Fstatus%3Dopen"


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer wrong", "Basic eDp5", "Bearer " + "x" * 5000, "bearer\tx"],
)
def test_a_bad_token_is_a_stranger_even_with_a_good_cookie(
    client: FlaskClient, office: Office, header: str
) -> None:
    user = accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    client.set_cookie("xn_session", accounts.open_session(office, user))
    assert client.get("/api/v1/me").status_code == 200
    assert client.get("/api/v1/me", headers={"Authorization": header}).status_code == 401


def test_an_expired_form_leads_to_the_sign_in_page_and_back_to_its_page(
    client: FlaskClient,
) -> None:
    headers = {"Accept": "text/html", "Referer": "http://localhost/m?case=1"}
    answer = client.post("/logout", headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/m")


def test_me_says_who_asks(client: FlaskClient, bearer) -> None:
    me = client.get("/api/v1/me", headers=bearer("mediator")).json
    assert me["role"] == "mediator"
    assert me["unit_id"] == UNIT
    assert "act_on_case" in me["actions"]
    assert "assign" not in me["actions"]


def test_an_application_with_an_undeclared_route_does_not_start(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.web import flask_app

    def forget(app: Flask) -> None:
        app.add_url_rule("/forgotten", endpoint="forgotten", view_func=lambda: "open")

    monkeypatch.setattr(flask_app.site, "register", forget)
    with pytest.raises(RuntimeError, match="forgotten"):
        create_web(office)
