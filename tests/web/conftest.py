"""The real application over a real database; a real server where the wire matters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.domain.geo import Place
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts, roster
from server.web.auth import COOKIE
from server.web.flask_app import create_web
from server.web.server import WebServer

UNIT = "u-shunda-1"
OTHER_UNIT = "u-kangle-1"
PASSWORD = "made-up-password"
API = "/api/v1"

Headers = dict[str, str]


@pytest.fixture
def units(office: Office) -> tuple[str, str]:
    """Two units on duty, near each other."""
    admin = Actor("setup", Role.ADMIN)
    for unit_id, name, lon in ((UNIT, "顺达一组", 120.30), (OTHER_UNIT, "康乐一组", 120.31)):
        place = Place(30.42, lon)
        roster.add_unit(office, unit_id, name=name, point="顺达", place=place, actor=admin)
    return UNIT, OTHER_UNIT


@pytest.fixture
def app(office: Office, units: tuple[str, str]) -> Flask:
    return create_web(office)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def bearer(office: Office, units: tuple[str, str]) -> Callable[..., Headers]:
    """Headers of a fresh token: ``bearer("mediator", UNIT)``."""

    def make(role: str, unit_id: str | None = None) -> Headers:
        if role == "mediator" and unit_id is None:
            unit_id = UNIT
        secret = accounts.create_token(office, f"test-{role}", Role(role), unit_id)
        return {"Authorization": f"Bearer {secret}"}

    return make


@pytest.fixture
def web(office: Office) -> Flask:
    """Without the forms' tokens, for tests that post by hand."""
    app = create_web(office)
    app.config["WTF_CSRF_METHODS"] = set()
    return app


@pytest.fixture
def enter(office: Office, web: Flask) -> Callable[[Role], FlaskClient]:
    """A client of ``web`` signed in by role."""

    def make(role: Role) -> FlaskClient:
        user = accounts.create_user(office, f"u-{role.value}", PASSWORD, role)
        client = web.test_client()
        client.set_cookie(COOKIE, accounts.open_session(office, user))
        return client

    return make


@pytest.fixture
def desk(office: Office, client: FlaskClient, units: tuple[str, str]) -> FlaskClient:
    """``client`` signed in as a dispatcher; forms keep their tokens."""
    user = accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER, None)
    client.set_cookie(COOKIE, accounts.open_session(office, user))
    return client


@pytest.fixture
def new_report(office: Office) -> Callable[..., dict[str, object]]:
    """A report's body; keyword arguments replace fields."""

    def make(**changes: object) -> dict[str, object]:
        body: dict[str, object] = {
            "source": "110",
            "source_id": "R-1",
            "received_at": iso(office.clock()),
            "text": "房东不退押金，双方在门口争吵。",
            "address": "演示街道一号",
            "location": {"lat": 30.421, "lon": 120.301, "crs": "WGS-84"},
            "caller": {"name": "李某某", "phone": "13800000000"},
        }
        return body | changes

    return make


@pytest.fixture
def assigned_case(
    client: FlaskClient, bearer: Callable[..., Headers], new_report: Callable[..., object]
) -> str:
    """A case for mediators that a unit has been given, filed over HTTP."""
    filed: Any = client.post(f"{API}/reports", json=new_report(), headers=bearer("intake")).json
    found, desk = str(filed["case"]["id"]), bearer("dispatcher")
    if filed["case"]["assignment"] is None:
        client.post(f"{API}/cases/{found}/route", json={"route": "mediate"}, headers=desk)
        client.post(f"{API}/cases/{found}/assign", headers=desk)
    return found


@pytest.fixture
def serve(app: Flask, office: Office) -> Iterator[Callable[[], WebServer]]:
    """Starts the real server on a free port; stops it at the end."""
    running: list[tuple[WebServer, threading.Thread]] = []

    def start() -> WebServer:
        server = WebServer(app, office, host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.serve)
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.stop()
        thread.join(10)
        assert not thread.is_alive()


def iso(at: datetime) -> str:
    return at.isoformat()
