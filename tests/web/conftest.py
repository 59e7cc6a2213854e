"""The real application over a real database; a real server where the wire matters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.domain.geo import Place
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts, roster
from server.web.flask_app import create_web
from server.web.server import WebServer

UNIT = "u-shunda-1"
OTHER_UNIT = "u-kangle-1"
PASSWORD = "made-up-password"

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
