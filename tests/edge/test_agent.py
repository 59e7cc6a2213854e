"""The agent end to end: real broker, real outbox, a real HTTP server."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest


def outbox_of(home: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", "from edge.cli import main; main()", "outbox", "--json"],
        env={"XIAONAO_HOME": str(home), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_message_reaches_the_server_once_and_is_confirmed(agent, office, device, until):
    bodycam = device("bc-01")
    bodycam.status(1, 2, 3)
    until(lambda: bodycam.confirmed() == 3, what="confirmation of 3")
    assert office.seqs("bc-01") == [1, 2, 3]
    assert office.got()[0]["battery_pct"] == 50
    assert set(office.tokens) == {"Bearer token-of-the-tests"}
    bodycam.status(2, 4)
    until(lambda: bodycam.confirmed() == 4, what="confirmation of 4")
    assert office.seqs("bc-01") == [1, 2, 3, 4]


def test_positions_go_up_in_wgs84_with_their_doubts(agent, office, device, until):
    phone = device("bc-02")
    phone.send(
        "position",
        phone.message(
            1,
            fix_time="2020-01-01T00:00:00+08:00",
            lat=39.91640428150164,
            lon=116.41024449916938,
            crs="GCJ-02",
            accuracy_m=900,
        ),
    )
    got = until(office.got, what="the position")[0]
    assert got["lat"] == pytest.approx(39.915, abs=1e-6)
    assert got["lon"] == pytest.approx(116.404, abs=1e-6)
    assert (got["crs"], got["crs_reported"]) == ("WGS-84", "GCJ-02")
    assert got["doubt"] == ["stale", "accuracy"]


def test_the_topic_says_who_speaks(agent, office, device, until):
    radio = device("rd-01")
    radio.send("status", radio.message(1, device_id="rd-99", battery_pct=1))
    assert until(office.got, what="the status")[0]["device_id"] == "rd-01"


def test_what_cannot_be_read_is_kept_with_its_reason_and_raw_bytes(agent, office, device, until):
    radio = device("rd-02")
    radio.raw("xn/v1/rd-02/status", b"\xff\xfe not json")
    radio.raw("xn/v2/rd-02/status", b"{}")
    radio.send("status", radio.message(1) | {"v": 2})
    radio.send("nonsense", radio.message(2))
    radio.send("position", radio.message(3, lat="north"))
    radio.status(4)
    until(lambda: radio.confirmed() == 4, what="bad messages do not hold back the good one")
    reasons = {d["reason"] for d in outbox_of(agent.home)["dead_letters"]}
    assert len(reasons) == 5
    assert "payload is not UTF-8" in reasons
    assert "topic has an unknown version; this agent speaks v1" in reasons
    assert "v is not a known version; this agent speaks 1" in reasons
    assert any("fix_time is missing; lat is not a number; lon is missing" in r for r in reasons)
    assert office.seqs("rd-02") == [4]


def test_a_batch_after_an_outage_is_taken_item_by_item(agent, office, device, until):
    bodycam = device("bc-03")
    items = [bodycam.message(seq, kind="status", battery_pct=seq) for seq in range(1, 41)]
    items[20] |= {"kind": "batch"}
    bodycam.send("batch", items)
    until(lambda: bodycam.confirmed() == 40, what="the whole batch")
    assert office.seqs("bc-03") == [seq for seq in range(1, 41) if seq != 21]
    assert "batch[20] is unreadable" in outbox_of(agent.home)["dead_letters"][0]["reason"]


def test_owntracks_is_taken_as_it_is(agent, office, device, until):
    phone = device("any")
    location = {"_type": "location", "tst": 1700000000, "lat": 30.42, "lon": 120.3, "batt": 61}
    phone.raw("owntracks/li/phone", json.dumps(location).encode())
    phone.raw("owntracks/li/phone", json.dumps(location).encode())
    phone.raw("owntracks/li/phone/waypoints", b'{"_type": "waypoints", "waypoints": []}')
    phone.raw("owntracks/li/phone", b'{"_type": "lwt", "tst": 1700000001}')
    until(lambda: len(office.got()) == 3, what="position, status and presence")
    assert {(m["device_id"], m["kind"], m["boot"]) for m in office.got()} == {
        ("li-phone", "position", "ot-location"),
        ("li-phone", "status", "ot-status"),
        ("li-phone", "presence", "ot-lwt"),
    }
    assert outbox_of(agent.home)["dead"] == 0


def test_a_missing_number_holds_back_the_confirmation(agent, office, device, until):
    bodycam = device("bc-04")
    bodycam.status(1, 2, 4, 5)
    until(lambda: office.seqs("bc-04") == [1, 2, 4, 5], what="all at the server")
    until(lambda: bodycam.confirmed() == 2, what="a confirmation up to the gap")
    bodycam.status(6)
    until(lambda: office.seqs("bc-04")[-1] == 6, what="more beyond the gap")
    bodycam.status(3)
    until(lambda: bodycam.confirmed() == 6, what="the gap closes")
    assert {ack["seq"] for ack in bodycam.acks} <= {1, 2, 6}


def test_a_device_that_dropped_messages_says_so(agent, office, device, until):
    bodycam = device("bc-05")
    bodycam.status(1)
    bodycam.send("status", bodycam.message(9, battery_pct=1, lowest_held=9))
    until(lambda: bodycam.confirmed() == 9, what="nothing below 9 will come")


def test_killed_again_and_again_nothing_is_lost_nothing_doubled(agent, office, device, until):
    bodycam = device("bc-06")
    for first in (1, 301, 601, 901):
        for seq in range(first, first + 300):
            bodycam.send("status", bodycam.message(seq, battery_pct=50), wait=False)
        enough = first + 19
        until(lambda enough=enough: len(office.got()) > enough, what="work in progress")
        agent.kill()
        agent.start()
    until(lambda: bodycam.confirmed() == 1200, what="everything confirmed", bound_s=60)
    assert office.seqs("bc-06") == list(range(1, 1201))


def test_the_server_away_then_back(agent, office, device, until):
    bodycam = device("bc-07")
    bodycam.status(1)
    until(lambda: bodycam.confirmed() == 1, what="the first")
    office.stop()
    bodycam.status(*range(2, 60))
    until(lambda: outbox_of(agent.home)["waiting"] == 58, what="all wait in the outbox")
    bodycam.send("alarm", bodycam.message(60, alarm="sos", active=True))
    until(lambda: outbox_of(agent.home)["urgent"] == 1, what="the SOS waits too")
    office.batches.clear()
    office.start()
    until(lambda: bodycam.confirmed() == 60, what="all confirmed")
    assert office.batches[0][0] == "bc-07:alarm:60"
    assert office.seqs("bc-07") == list(range(1, 61))


def test_the_broker_away_then_back(agent, office, device, broker, until):
    before = device("bc-08")
    before.status(1)
    until(lambda: before.confirmed() == 1, what="the first")
    before.close()
    broker.stop()
    broker.start()
    after = device("bc-08")
    after.status(2, 3)
    until(lambda: after.confirmed() == 3, what="subscribed again")


def test_sigterm_commits_flushes_and_leaves_with_zero(agent, office, device, until):
    bodycam = device("bc-09")
    for seq in range(1, 501):
        bodycam.send("status", bodycam.message(seq, battery_pct=50), wait=False)
    until(office.got, what="work in progress")
    assert agent.stop() == 0
    agent.start()
    until(lambda: bodycam.confirmed() == 500, what="all confirmed after the restart")
    assert office.seqs("bc-09") == list(range(1, 501))


def test_a_second_agent_on_the_same_home_is_refused(agent):
    done = subprocess.run(
        [sys.executable, "-c", "from edge.cli import main; main()", "run"],
        env={"XIAONAO_HOME": str(agent.home), **agent.env, "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "runs on" in done.stderr


def test_health_and_metrics_tell_what_happened(agent, office, device, until):
    agent.stop()
    agent.env["XIAONAO_EDGE__HTTP"] = "127.0.0.1:0"
    agent.start()
    bodycam = device("bc-10")
    bodycam.status(1, 2)
    bodycam.raw("xn/v1/bc-10/status", b"[]")
    until(lambda: bodycam.confirmed() == 2, what="confirmation")
    log = (agent.home / "agent.log").read_text().splitlines()
    url = next(json.loads(line)["url"] for line in log if "status page" in line)
    assert httpx.get(f"{url}/healthz").json() == {
        "status": "ok",
        "broker": "subscribed",
        "server": "ok",
    }

    def page() -> str:
        return httpx.get(f"{url}/metrics").text

    until(lambda: 'dead_letters_total{reason="message",stage="broker"} 1.0' in page(), what="dead")
    assert 'xiaonao_edge_messages_stored_total{kind="status"} 2.0' in page()
    assert "xiaonao_edge_outbox_messages 0.0" in page()
    until(lambda: "xiaonao_edge_arrivals_acknowledged_total 3.0" in page(), what="acknowledged")


def test_a_full_outbox_refuses_and_the_broker_keeps(agent, office, device, until):
    agent.stop()
    agent.env["XIAONAO_EDGE__OUTBOX_ROWS"] = "1000"
    office.stop()
    agent.start()
    bodycam = device("bc-12")
    for seq in range(1, 2501):
        bodycam.send("alarm", bodycam.message(seq, alarm="sos"), wait=False)

    def refused() -> bool:
        return "not stored, not acknowledged" in (agent.home / "agent.log").read_text()

    until(refused, what="a refused group")
    assert 0 < outbox_of(agent.home)["waiting"] <= 1000
    office.start()
    until(lambda: bodycam.confirmed() == 2500, what="all, once there is room", bound_s=15)
    assert office.seqs("bc-12") == list(range(1, 2501))


def test_the_embedded_broker_will_do(embedded_broker, office, agent_of, until):
    agent = agent_of(
        XIAONAO_MQTT__URL=embedded_broker.url,
        XIAONAO_MQTT__VERSION="3.1.1",
        XIAONAO_EDGE__SERVER_URL=office.url,
    )
    simulate = ["simulate", "--mqtt", embedded_broker.url, "--units", "2", "--rate", "20"]
    running = subprocess.Popen(
        [sys.executable, "-c", "from edge.cli import main; main()", *simulate, "--duration", "5"],
        stdout=subprocess.PIPE,
        text=True,
    )
    until(lambda: len(office.got()) > 50, what="telemetry flows")
    agent.kill()
    agent.start()
    out, _ = running.communicate(timeout=60)
    assert json.loads(out)["unconfirmed"] == 0
    assert len([m for m in office.got() if ".will" not in m["boot"]]) == json.loads(out)["sent"]
    assert agent.stop() == 0


def test_an_sos_overtakes_what_the_broker_kept(agent, broker, office, device, until):
    """30,000 messages wait at the broker while the agent is away, and then an SOS."""
    from edge.flood import flood

    until(lambda: "alarm lane open" in (agent.home / "agent.log").read_text(), what="the lane")
    agent.kill()
    office.stop()
    lanes = [[(f"xn/v1/bc-{n}/status", b"not even JSON")] * 10_000 for n in range(3)]
    flood("127.0.0.1", broker.port, lanes)
    caller = device("bc-sos")
    caller.send("alarm", caller.message(1, alarm="sos", active=True))
    office.start()
    agent.start()
    until(lambda: office.seqs("bc-sos") == [1], what="the SOS is there")
    with closing(sqlite3.connect(agent.home / "outbox.db")) as db:
        assert db.execute("SELECT count(*) FROM dead").fetchone()[0] < 30_000
    until(lambda: caller.confirmed() == 1, what="and is confirmed")
