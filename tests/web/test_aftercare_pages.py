"""Duty, tasks and agreements over HTTP: by the API and by the pages' forms."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from server.office import Office

UNIT = "u-shunda-1"
API = "/api/v1"


@pytest.fixture
def case_id(client: FlaskClient, bearer, assigned_case: str) -> str:
    """A case that a unit settled later."""
    found, desk = assigned_case, bearer("dispatcher")
    body = {"disposition": "settled_later", "key": "end-1"}
    assert client.post(f"{API}/cases/{found}/close", json=body, headers=desk).status_code == 200
    return found


def csrf(client: FlaskClient, address: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(address).text)
    assert found is not None
    return found[1]


def test_an_agreement_and_a_call_back_over_the_api(
    client: FlaskClient, office: Office, bearer, case_id: str
) -> None:
    desk = bearer("dispatcher")
    due = (office.clock() + timedelta(days=10)).isoformat()
    body = {"terms": "分期付清", "instalments": [{"due_at": due, "amount_yuan": 500}], "key": "a"}
    path = f"{API}/cases/{case_id}/agreements"
    made = client.post(path, json=body, headers=desk)
    assert made.status_code == 200, made.text
    assert client.post(path, json=body, headers=desk).json == made.json
    wrong = client.post(path, json=body | {"instalments": [], "key": "b"}, headers=desk)
    assert (wrong.status_code, wrong.json["field"]) == (422, "instalments")
    part = f"{API}/agreements/{made.json['id']}/instalments"
    assert client.post(f"{part}/9/performed", json={}, headers=desk).status_code == 404
    done = client.post(f"{part}/1/performed", json={"remote": True}, headers=desk)
    assert done.json["state"] == "fulfilled"
    listed = client.get(f"{API}/tasks?kind=callback", headers=bearer("supervisor")).json
    assert [task["case_id"] for task in listed["items"]] == [case_id]
    said = {"satisfaction": "unhappy", "key": "c1"}
    path = f"{API}/cases/{case_id}/callbacks"
    assert client.post(path, json=said, headers=bearer("mediator")).status_code == 403
    assert client.post(path, json=said, headers=bearer("supervisor")).json["reopened"] is True
    assert client.get(f"{API}/cases/{case_id}", headers=desk).json["status"] != "closed"


def test_a_roster_sheet_by_the_page(desk: FlaskClient, office: Office) -> None:
    day = office.clock().date()
    sheet = f"单元,日期,上岗,下岗\n{UNIT},{day},08:00,08:00\n没有的,{day},08:00,20:00\n"
    form = {
        "csrf_token": csrf(desk, "/console/duty"),
        "file": (io.BytesIO(sheet.encode("gb18030")), "排班.csv"),
    }
    answer = desk.post("/console/duty", data=form, content_type="multipart/form-data")
    assert answer.status_code == 303
    page = desk.get("/console/duty").text
    assert "导入1个班次，已有0个，未导入1行。" in page
    assert "第3行未导入：没有单元“没有的”" in page
    assert "缺口" in page


def test_a_task_and_a_call_back_by_the_page(desk: FlaskClient, case_id: str, bearer) -> None:
    page = desk.get("/console/tasks").text
    assert "电话回访" in page
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    form = {
        "csrf_token": csrf(desk, "/console/tasks"),
        "key": key[1],
        "satisfaction": "unhappy",
        "back": "/console/tasks",
    }
    answer = desk.post(f"/console/cases/{case_id}/callback", data=form)
    assert answer.status_code == 303
    assert "已重新受理" in desk.get("/console/tasks").text


def test_duty_over_the_api(client: FlaskClient, office: Office, bearer) -> None:
    day = office.clock().date()
    body = {"csv": f"单元,日期,上岗,下岗\n{UNIT},{day},08:00,20:00\n"}
    assert client.post(f"{API}/duty", json=body, headers=bearer("mediator")).status_code == 403
    made = client.post(f"{API}/duty", json=body, headers=bearer("dispatcher"))
    assert made.json == {"taken": 1, "known": 0, "replaced": 1, "refused": []}
    seen = client.get(f"{API}/duty?hours=48", headers=bearer("mediator")).json
    assert UNIT in {shift["unit_id"] for shift in seen["shifts"]}
    assert seen["gaps"] == []
    assert client.get(f"{API}/duty?hours=0", headers=bearer("mediator")).status_code == 422
