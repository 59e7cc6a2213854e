"""How requests are read and how faults are told: problem documents that echo nothing."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SECRET_WORDS = "SECRET-13800001234"


def _post(client: FlaskClient, headers, body: object, path: str = "/api/v1/reports"):
    return client.post(
        path, data=json.dumps(body), headers=headers, content_type="application/json"
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": None}, "source"),
        ({"source": ""}, "source"),
        ({"source_id": 7}, "source_id"),
        ({"received_at": "yesterday"}, "received_at"),
        ({"received_at": "2026-07-01T08:00:00"}, "received_at"),
        ({"received_at": 1_780_000_000}, "received_at"),
        ({"received_at": "0001-01-01T00:00:00+14:00"}, "received_at"),
        ({"received_at": "2099-01-01T00:00:00Z"}, "received_at"),
        ({"text": ""}, "text"),
        ({"text": "   "}, "text"),
        ({"text": "长" * 4001}, "text"),
        ({"text": "a\x00b"}, "text"),
        ({"confidential": "yes"}, "confidential"),
        ({"caller": {"phone": 13800000000}}, "caller.phone"),
        ({"location": {"lat": 30.4}}, "location.lon"),
        ({"location": {"lat": 30.4, "lon": 120.3}}, "location.crs"),
        ({"location": {"lat": 30.4, "lon": 120.3, "crs": "mars"}}, "location.crs"),
        ({"location": {"lat": 91, "lon": 120.3, "crs": "WGS-84"}}, "location.lat"),
        ({"location": {"lat": 30.4, "lon": 181, "crs": "GCJ-02"}}, "location.lon"),
    ],
)
def test_a_malformed_report_is_422_naming_the_field(
    client: FlaskClient, bearer, new_report, changes: dict[str, object], field: str
) -> None:
    answer = _post(client, bearer("intake"), new_report(**changes))
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    problem = answer.json
    assert problem["field"] == field
    assert {"type", "title", "status", "detail", "instance"} <= set(problem)
    assert problem["status"] == 422


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"text": NaN}', b"{}" * 2]
)
def test_what_is_no_json_object_is_422(client: FlaskClient, bearer, raw: bytes) -> None:
    answer = client.post(
        "/api/v1/reports", data=raw, headers=bearer("intake"), content_type="application/json"
    )
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"


def test_no_fault_repeats_what_was_sent(client: FlaskClient, bearer, new_report) -> None:
    headers = bearer("intake")
    for name in new_report():
        answer = _post(client, headers, new_report(**{name: [SECRET_WORDS]}))
        assert answer.status_code == 422
        assert SECRET_WORDS not in answer.text
    dispatcher = bearer("dispatcher")
    for path in (f"/api/v1/cases/{SECRET_WORDS}", f"/api/v1/cases?status={SECRET_WORDS}"):
        answer = client.get(path, headers=dispatcher)
        assert answer.status_code in {404, 422}
        assert SECRET_WORDS not in answer.text


def test_unknown_body_fields_are_ignored(client: FlaskClient, bearer, new_report) -> None:
    assert _post(client, bearer("intake"), new_report(newer_field=1)).status_code == 201


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("stauts=open", "query"),
        ("status=sleeping", "status"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("status=open&status=closed", "status"),
        ("after=nonsense", "after"),
    ],
)
def test_a_misspelt_query_is_422(client: FlaskClient, bearer, query: str, field: str) -> None:
    answer = client.get(f"/api/v1/cases?{query}", headers=bearer("dispatcher"))
    assert (answer.status_code, answer.json["field"]) == (422, field)


def test_empty_query_parameters_count_as_not_given(client: FlaskClient, bearer) -> None:
    headers = bearer("dispatcher")
    assert client.get("/api/v1/cases?status=&unit=&after=", headers=headers).status_code == 200
    assert client.get("/api/v1/reports?route=&label=&q=&after=", headers=headers).status_code == 200
    assert client.get("/api/v1/stats?from=&to=", headers=headers).status_code == 200


def test_an_offset_whose_plus_became_a_blank_is_understood(client: FlaskClient, bearer) -> None:
    span = "from=2026-06-01T00:00:00+08:00&to=2026-06-02T00:00:00+08:00"
    answer = client.get(f"/api/v1/stats?{span}", headers=bearer("supervisor"))
    assert answer.status_code == 200
    assert answer.json["since"] == "2026-06-01T00:00:00+08:00"


def test_other_faults_are_problem_documents_too(client: FlaskClient, bearer, app) -> None:
    headers = bearer("intake")
    too_long = b'{"text": "' + b"x" * app.config["MAX_CONTENT_LENGTH"] + b'"}'
    asked = {
        404: client.get("/api/v1/nothing"),
        405: client.delete("/api/v1/reports", headers=headers),
        413: client.post(
            "/api/v1/reports", data=too_long, headers=headers, content_type="application/json"
        ),
        415: client.post("/api/v1/reports", data="a=b", headers=headers, content_type="text/plain"),
    }
    for status, answer in asked.items():
        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
        assert answer.json["status"] == status
    assert set(asked[405].headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_form_bodies_are_not_json(client: FlaskClient, bearer) -> None:
    answer = client.post("/api/v1/reports", data={"text": "x"}, headers=bearer("intake"))
    assert answer.status_code == 415


def test_an_unexpected_error_says_nothing_of_itself(
    app, bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise ValueError(SECRET_WORDS)

    from server.web.access import Access, needs

    app.add_url_rule("/api/v1/broken", view_func=needs(Access.SIGNED_IN)(broken))
    answer = app.test_client().get("/api/v1/broken", headers=bearer("admin"))
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert SECRET_WORDS not in answer.text
    assert answer.json["instance"] == f"urn:uuid:{answer.headers['X-Request-Id']}"
