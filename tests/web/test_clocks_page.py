"""The clocks' page and ``steps_by`` of the statistics."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from server.domain.roles import Role
from server.office import Office
from server.services import accounts
from server.web.auth import COOKIE

API = "/api/v1"


@pytest.fixture
def case_id(client: FlaskClient, bearer, assigned_case: str) -> str:
    """A case whose unit signed and came."""
    found, desk = assigned_case, bearer("dispatcher")
    for step in ("signed", "arrived"):
        body = {"step": step, "key": f"key-{step}"}
        client.post(f"{API}/cases/{found}/steps", json=body, headers=desk)
    return found


@pytest.fixture
def supervisor(office: Office, client: FlaskClient, units) -> FlaskClient:
    user = accounts.create_user(office, "dudao", "made-up-password", Role.SUPERVISOR, None)
    client.set_cookie(COOKIE, accounts.open_session(office, user))
    return client


def test_the_statistics_tell_steps_by_group(client: FlaskClient, clock, bearer, case_id) -> None:
    span = {"from": (clock() - timedelta(days=1)).isoformat()}
    clock.forward(1)
    told = client.get(f"{API}/stats", query_string=span, headers=bearer("supervisor")).json
    assert {group["by"] for group in told["steps_by"]} == {"all", "unit", "point", "hour"}
    whole = next(group for group in told["steps_by"] if group["by"] == "all")
    assert [step["step"] for step in whole["steps"]] == [s["step"] for s in told["steps"]]
    arrived = whole["steps"][-1]
    assert (arrived["count"], arrived["compliance"]) == (1, 1.0)
    assert arrived["verified_compliance"] == 0.0


def test_the_page_shows_and_exports_every_group(
    supervisor: FlaskClient, clock, case_id: str
) -> None:
    clock.forward(1)
    for by in ("unit", "point", "hour", "nonsense"):
        page = supervisor.get(f"/console/clocks?by={by}&step=arrived")
        assert page.status_code == 200
        assert "核实按时率" in page.text
    held = supervisor.get("/console/clocks?as=csv").text.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(held)))
    whole = [row for row in rows if row["分组"] == "全部" and row["步骤"] == "到场"]
    assert [(row["完成"], row["按时率"], row["核实按时率"]) for row in whole] == [
        ("1", "1.0", "0.0")
    ]
    assert supervisor.get("/console/clocks?as=xlsx").status_code == 200


def test_without_cases_the_page_says_so(supervisor: FlaskClient) -> None:
    assert "这段时间没有派过单" in supervisor.get("/console/clocks").text
    empty = supervisor.get("/console/clocks?since=2020-01-02&until=2020-01-01")
    assert empty.status_code == 200
