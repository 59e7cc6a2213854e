"""Bad input at every entrance: a clear answer, counted, nothing lost, nothing stops."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from both_walks import signed_in
from running import Device, System, now, running, until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(tmp_path_factory.mktemp("bad") / "var") as system:
        yield system


def report(**changes: Any) -> dict[str, Any]:
    base = {"source": "t", "source_id": uuid.uuid4().hex, "received_at": now(), "text": "楼上漏水"}
    return base | changes


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": 17}, "text"),
        ({"text": "长" * 4001}, "text"),
        ({"received_at": "2026-07-01 08:00"}, "received_at"),
        ({"received_at": "2099-01-01T00:00:00+08:00"}, "received_at"),
        ({"location": {"lat": 30.4, "lon": 120.3}}, "location.crs"),
        ({"location": {"lat": 95, "lon": 120.3, "crs": "WGS-84"}}, "location.lat"),
        ({"location": {"lat": 30.4, "lon": 120.3, "crs": "Mars"}}, "location.crs"),
        ({"source_id": ""}, "source_id"),
        ({"caller": "me"}, "caller"),
    ],
)
def test_a_bad_report_names_its_field(system: System, changes: dict[str, Any], field: str) -> None:
    answer = system.call("POST", "/reports", role="intake", **report(**changes))
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["field"] == field
    assert "长长长" not in answer.text


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b"\xff\xfe", b'{"text": "\\ud800"}'])
def test_what_is_no_json_object_is_refused(system: System, body: bytes) -> None:
    headers = {
        "Authorization": f"Bearer {system.token('intake')}",
        "Content-Type": "application/json",
    }
    answer = httpx.post(f"{system.http}/api/v1/reports", headers=headers, content=body)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_body_of_five_megabytes_is_refused(system: System) -> None:
    answer = system.call("POST", "/reports", role="intake", **report(extra="x" * 5_000_000))
    assert answer.status_code == 413
    assert system.call("POST", "/reports", role="intake", **report()).status_code == 201


def test_unreadable_messages_are_dead_letters_and_the_rest_goes_on(system: System) -> None:
    system.run("xiaonao", "unit", "add", "u1", "--name", "u1", "--point", "顺达")
    shown = system.run("xiaonao", "device", "add", "bc-1", "--unit", "u1").stdout
    words = shown.replace("=", " ").replace(":", " ").split()
    device: Device = signed_in(system, "bc-1", words[words.index("password") + 1])
    device.raw("position", "{broken")
    device.raw("position", b"\xff\xfe\x00")
    device.raw("status", json.dumps({"v": 9, "boot": "b", "seq": 1, "sent_at": now()}))
    device.raw("position", "x" * 2_000_000)
    device.raw("song", json.dumps({"v": 1, "boot": "b", "seq": 1, "sent_at": now()}))
    device.send("position", fix_time=now(), lat=95.0, lon=500.0, crs="WGS-84")
    device.send("position", fix_time="2099-01-01T00:00:00Z", lat=30.4, lon=120.3, crs="WGS-84")
    device.fix(30.42, 120.30)
    device.wait_confirmed()
    device.close()
    unit = next(u for u in system.call("GET", "/units").json()["items"] if u["id"] == "u1")
    assert unit["position"]["lat"] == pytest.approx(30.42)

    def dead() -> int:
        shown = system.run("xiaonao-edge", "outbox", "--home", str(system.home), "--json").stdout
        return int(json.loads(shown)["dead"])

    until(lambda: dead() >= 4, why="unreadable messages were not kept")


def test_a_bad_message_in_a_batch_is_rejected_alone(system: System) -> None:
    good = {
        "device_id": "bc-x",
        "kind": "status",
        "v": 1,
        "boot": "b",
        "sent_at": now(),
        "battery_pct": 50,
    }
    batch = [good | {"seq": 1}, good | {"seq": "two"}, 17, good | {"seq": 3, "v": 2}]
    answer = system.call("POST", "/telemetry", role="edge", messages=batch)
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 1
    assert [bad["index"] for bad in answer.json()["rejected"]] == [1, 2, 3]
