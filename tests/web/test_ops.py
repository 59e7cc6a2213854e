"""Health, readiness and counters; nothing personal in them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from server.domain.events import NewEvent
from server.office import Office
from server.store import events
from server.store.engine import open_engine, writing
from server.web.flask_app import create_web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_process_answers_without_a_database(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}


def test_ready_names_what_is_degraded(client: FlaskClient, office: Office) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    checks = answer.json["checks"]
    assert set(checks) == {"database", "broker", "model", "risk"}
    assert checks["database"]["state"] == "ok"
    assert checks["broker"] == {"state": "degraded", "detail": "no telemetry has come yet"}
    assert answer.json["status"] == "degraded"


def test_the_edge_counts_as_linked_while_telemetry_comes(
    client: FlaskClient, bearer, clock
) -> None:
    at = clock().isoformat()
    message = {"device_id": "cam-1", "kind": "status", "v": 1, "boot": "b", "seq": 1}
    message |= {"sent_at": at, "received_at": at, "doubt": [], "protocol": "native"}
    client.post("/api/v1/telemetry", json={"messages": [message]}, headers=bearer("edge"))
    assert client.get("/readyz").json["checks"]["broker"]["state"] == "ok"
    clock.forward(301)
    assert client.get("/readyz").json["checks"]["broker"]["state"] == "degraded"


def test_without_a_database_it_is_not_ready(office: Office, tmp_path, units) -> None:
    app = create_web(office)
    gone = replace(office, engine=open_engine(f"sqlite:///{tmp_path}/no/such/folder/x.db"))
    app.extensions["xiaonao"] = gone
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["database"]["state"] == "down"
    assert str(tmp_path) not in answer.text
    asked = app.test_client().get("/api/v1/me", headers={"Authorization": "Bearer x"})
    assert asked.status_code == 503
    assert int(asked.headers["Retry-After"]) > 0
    assert asked.content_type == "application/problem+json"


def test_counters_move_with_the_work(
    client: FlaskClient, bearer, new_report, office: Office
) -> None:
    before = client.get("/metrics").text
    assert 'xiaonao_reports_total{route="mediate"}' not in before
    created = client.post("/api/v1/reports", json=new_report(), headers=bearer("intake"))
    client.post("/api/v1/reports", json=new_report(), headers=bearer("intake"))
    with writing(office.engine) as conn:
        events.tell(conn, [NewEvent("deadline_missed", office.clock(), "system")])
    text = client.get("/metrics").text
    assert f'xiaonao_reports_total{{route="{created.json["route"]}"}} 1.0' in text
    assert "xiaonao_reports_known_total 1.0" in text
    assert 'xiaonao_events_total{kind="deadline_missed"} 1.0' in text
    assert (
        'xiaonao_requests_total{endpoint="api.file_report",method="POST",status="201"} 1.0' in text
    )
    for personal in ("李某某", "13800000000", "R-1", "演示街道"):
        assert personal not in text


def test_metrics_are_for_this_machine_or_an_admin(client: FlaskClient, bearer) -> None:
    far = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_overrides=far).status_code == 401
    proxied = {"X-Forwarded-For": "192.0.2.7"}
    assert client.get("/metrics", headers=proxied).status_code == 401
    assert (
        client.get("/metrics", headers=bearer("dispatcher"), environ_overrides=far).status_code
        == 403
    )
    assert client.get("/metrics", headers=bearer("admin"), environ_overrides=far).status_code == 200


def test_every_answer_carries_the_protecting_headers(client: FlaskClient, bearer) -> None:
    paths = ("/healthz", "/login", "/api/v1/me", "/api/v1/nothing", "/nothing")
    for path in paths:
        headers = client.get(path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "geolocation=(self)" in headers["Permissions-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in headers


def beat(client: FlaskClient, bearer, broker: str) -> dict[str, object]:
    body = {"agent": "xiaonao-edge", "broker": broker, "waiting": 3, "skews": {"bc-1": -2}}
    answer = client.post("/api/v1/edge/heartbeat", json=body, headers=bearer("edge"))
    assert answer.json == {"down": []}
    return client.get("/readyz").json["checks"]["broker"]


def test_an_idle_street_is_linked_while_its_agent_reports(
    client: FlaskClient, bearer, clock
) -> None:
    assert beat(client, bearer, "subscribed")["state"] == "ok"
    clock.forward(59)
    assert client.get("/readyz").json["checks"]["broker"]["state"] == "ok"
    clock.forward(2)
    assert client.get("/readyz").json["checks"]["broker"]["state"] == "degraded"
    told = beat(client, bearer, "away")
    assert told["state"] == "degraded"
    assert "no connection" in told["detail"]


def test_bodies_may_come_packed_and_are_bounded(client: FlaskClient, bearer, office) -> None:
    import gzip

    headers = bearer("edge") | {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    def post(data: bytes, **more: str) -> int:
        sent = client.post("/api/v1/telemetry", data=data, headers=headers | more)
        assert sent.is_json
        return sent.status_code

    assert post(gzip.compress(b'{"messages": []}')) == 200
    assert post(b'{"messages": []}') == 422
    assert post(gzip.compress(b'{"messages": []}')[:-9]) == 422
    assert post(gzip.compress(b" " * (office.settings.http.max_body_bytes + 1))) == 413
    assert post(b"x", **{"Content-Encoding": "br"}) == 415
