"""The main walk over HTTP: filed, assigned, signed, closed; and what each role sees of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from server.office import Office

UNIT, OTHER_UNIT = "u-shunda-1", "u-kangle-1"


@pytest.fixture
def filed(client: FlaskClient, bearer, new_report) -> dict:
    """A report whose case a unit has, whatever the model thinks of its words."""
    answer = client.post("/api/v1/reports", json=new_report(), headers=bearer("intake"))
    assert answer.status_code == 201
    found, path = answer.json, f"/api/v1/cases/{answer.json['case']['id']}"
    if found["case"]["assignment"] is None:
        desk = bearer("dispatcher")
        client.post(f"{path}/route", json={"route": "mediate"}, headers=desk)
        client.post(f"{path}/assign", headers=desk)
        found["case"] = client.get(path, headers=desk).json
    return found


def test_a_report_is_taken_in_once(client: FlaskClient, bearer, new_report) -> None:
    headers, body = bearer("intake"), new_report()
    first = client.post("/api/v1/reports", json=body, headers=headers)
    again = client.post("/api/v1/reports", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data == again.data
    assert set(first.json) == {"report", "assessment", "risk", "route", "case", "linked_to"}
    listed = client.get("/api/v1/reports", headers=bearer("dispatcher")).json
    assert len(listed["items"]) == 1
    assert listed["next"] is None


def test_positions_are_taken_in_their_datum(client: FlaskClient, bearer, new_report) -> None:
    body = new_report(location={"lat": 30.42, "lon": 120.30, "crs": "GCJ-02"})
    answer = client.post("/api/v1/reports", json=body, headers=bearer("intake"))
    location = answer.json["report"]["location"]
    assert location["crs"] == "WGS-84"
    assert abs(location["lon"] - 120.30) > 0.002  # GCJ-02 lies some 500 m off here


def test_lists_go_on_where_they_stopped(client: FlaskClient, bearer, new_report) -> None:
    headers = bearer("intake")
    for number in range(5):
        body = new_report(source_id=f"R-{number}", caller=None, address=f"演示路{number}号院")
        assert client.post("/api/v1/reports", json=body, headers=headers).status_code == 201
    seen, after = [], ""
    while after is not None:
        page = client.get(
            f"/api/v1/reports?limit=2&after={after}", headers=bearer("supervisor")
        ).json
        seen += [item["source_id"] for item in page["items"]]
        after = page["next"]
    assert sorted(seen) == [f"R-{number}" for number in range(5)]


def test_a_case_goes_from_hand_over_to_closing(
    client: FlaskClient, bearer, filed: dict, clock
) -> None:
    case_id = filed["case"]["id"]
    unit = filed["case"]["assignment"]["unit_id"]
    mediator = bearer("mediator", unit)
    for number, step in enumerate(("signed", "departed", "contacted", "arrived")):
        clock.forward(20)
        body = {"step": step, "key": f"k-{number}"}
        answer = client.post(f"/api/v1/cases/{case_id}/steps", json=body, headers=mediator)
        assert answer.status_code == 200, answer.text
        assert answer.json["evidence"]["verdict"] in {"verified", "claimed_only", "pending"}
        again = client.post(f"/api/v1/cases/{case_id}/steps", json=body, headers=mediator)
        assert again.json == answer.json
    closing = {"disposition": "settled_on_spot", "amount_yuan": 500, "key": "k-close"}
    closed = client.post(f"/api/v1/cases/{case_id}/close", json=closing, headers=mediator)
    assert closed.status_code == 200, closed.text
    assert closed.json["status"] == "closed"
    again = client.post(f"/api/v1/cases/{case_id}/close", json=closing, headers=mediator)
    assert again.status_code == 200
    shown = client.get(f"/api/v1/cases/{case_id}", headers=mediator).json
    assert [step["step"] for step in shown["steps"]] == [
        "signed",
        "departed",
        "contacted",
        "arrived",
    ]
    assert shown["disposition"] == "settled_on_spot"
    kinds = [event["kind"] for event in shown["timeline"]]
    assert kinds.count("step_posted") == 4
    assert kinds.count("case_closed") == 1


def test_a_second_assignment_names_the_winner(client: FlaskClient, bearer, filed: dict) -> None:
    case_id, winner = filed["case"]["id"], filed["case"]["assignment"]["unit_id"]
    path = f"/api/v1/cases/{case_id}/assign"
    for body in ({"unit_id": OTHER_UNIT}, {}):
        answer = client.post(path, json=body, headers=bearer("dispatcher"))
        assert answer.status_code == 409
        assert answer.json["winner"] == winner
    assert client.post(path, headers=bearer("dispatcher")).status_code == 409  # no body at all


def test_a_mediator_acts_on_cases_of_the_own_unit_only(
    client: FlaskClient, bearer, filed: dict
) -> None:
    case_id, winner = filed["case"]["id"], filed["case"]["assignment"]["unit_id"]
    other = bearer("mediator", UNIT if winner == OTHER_UNIT else OTHER_UNIT)
    step = {"step": "signed", "key": "k"}
    answer = client.post(f"/api/v1/cases/{case_id}/steps", json=step, headers=other)
    assert answer.status_code in {403, 409}  # 409 names the unit that has it
    assert client.get(f"/api/v1/cases/{case_id}", headers=other).status_code == 403
    assert client.get("/api/v1/cases", headers=other).json["items"] == []
    report_id = filed["report"]["id"]
    assert client.get(f"/api/v1/reports/{report_id}", headers=other).status_code == 403


def test_callers_are_masked_by_role(client: FlaskClient, bearer, filed: dict) -> None:
    path = f"/api/v1/reports/{filed['report']['id']}"
    assert client.get(path, headers=bearer("dispatcher")).json["caller"]["phone"] == "13800000000"
    assert client.get(path, headers=bearer("supervisor")).json["caller"]["phone"] == "138****0000"
    assert "13800000000" not in str(filed)


def test_a_correction_adds_and_keeps_the_prediction(
    client: FlaskClient, bearer, filed: dict
) -> None:
    path, headers = f"/api/v1/reports/{filed['report']['id']}", bearer("dispatcher")
    before = client.get(path, headers=headers).json
    body = {"label": "service", "why": "只是咨询"}
    assert client.post(f"{path}/label", json=body, headers=headers).status_code == 200
    after = client.get(path, headers=headers).json
    assert (after["label"], after["assessment"]) == ("service", before["assessment"])
    wrong = client.post(f"{path}/label", json={"label": "murder"}, headers=headers)
    assert (wrong.status_code, wrong.json["field"]) == (422, "label")


def test_candidates_and_units_are_lists_with_reasons(
    client: FlaskClient, bearer, filed: dict
) -> None:
    dispatcher = bearer("dispatcher")
    case_id = filed["case"]["id"]
    ranked = client.get(f"/api/v1/cases/{case_id}/candidates", headers=dispatcher).json
    assert ranked["next"] is None
    assert ranked["items"]
    for candidate in ranked["items"]:
        assert {"unit_id", "eta_s", "distance_m", "reasons"} <= set(candidate)
    units = client.get("/api/v1/units", headers=dispatcher).json["items"]
    assert {unit["id"] for unit in units} == {UNIT, OTHER_UNIT}
    assert all(unit["position"] is None for unit in units)


def test_a_person_decides_where_a_case_goes(client: FlaskClient, bearer, filed: dict) -> None:
    path = f"/api/v1/cases/{filed['case']['id']}/route"
    body = {"route": "police", "why": "现场有人持刀"}
    answer = client.post(path, json=body, headers=bearer("dispatcher"))
    assert answer.status_code == 200
    assert answer.json["route"] == "police"
    assert answer.json["assignment"] is None


def test_telemetry_is_stored_once_and_rejected_one_by_one(
    client: FlaskClient, bearer, office: Office, clock
) -> None:
    headers = bearer("edge")
    at = clock().isoformat()
    good = {
        "device_id": "cam-1",
        "kind": "status",
        "v": 1,
        "boot": "b1",
        "seq": 1,
        "sent_at": at,
        "received_at": at,
        "battery_pct": 80,
        "doubt": [],
        "protocol": "native",
    }
    batch = {"messages": [good, {"kind": "status"}, "noise", good | {"seq": 2}]}
    first = client.post("/api/v1/telemetry", json=batch, headers=headers)
    assert first.status_code == 200, first.text
    assert (first.json["accepted"], first.json["duplicates"]) == (2, 0)
    assert [fault["index"] for fault in first.json["rejected"]] == [1, 2]
    again = client.post("/api/v1/telemetry", json=batch, headers=headers)
    assert (again.json["accepted"], again.json["duplicates"]) == (0, 2)
    broken = client.post("/api/v1/telemetry", data=b"{", headers=headers)
    assert broken.status_code == 422


def test_stats_of_a_span(client: FlaskClient, bearer, filed: dict, clock) -> None:
    supervisor = bearer("supervisor")
    clock.forward(1)
    assert client.get("/api/v1/stats", headers=supervisor).json["received"] == 1
    query = {
        "from": (clock() - timedelta(days=2)).isoformat(),
        "to": (clock() - timedelta(days=1)).isoformat(),
    }
    assert client.get("/api/v1/stats", query_string=query, headers=supervisor).json["received"] == 0
    backwards = {"from": query["to"], "to": query["from"]}
    answer = client.get("/api/v1/stats", query_string=backwards, headers=supervisor)
    assert (answer.status_code, answer.json["field"]) == (422, "to")


@pytest.mark.parametrize(
    "path", ["cases/none", "cases/%00", "cases/none/candidates", "reports/none"]
)
def test_what_is_not_there_is_404(client: FlaskClient, bearer, path: str) -> None:
    answer = client.get(f"/api/v1/{path}", headers=bearer("dispatcher"))
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
