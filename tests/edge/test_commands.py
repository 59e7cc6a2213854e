"""``xiaonao-edge``: what an operator sees."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.outbox import Outbox
from edge.outbox_rows import DeadLetter

STATUS = {"v": 1, "boot": "b", "seq": 1, "sent_at": "2026-11-24T10:00:00+08:00", "battery_pct": 5}


def edge(
    home: Path, *args: str, stdin: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from edge.cli import main; main()", *args],
        env={"XIAONAO_HOME": str(home), "PATH": "/usr/bin", **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", ["", "run", "doctor", "outbox", "replay", "simulate"])
def test_every_command_has_help_with_an_example(tmp_path: Path, command: str):
    done = edge(tmp_path, *command.split(), "--help")
    assert done.returncode == 0
    assert "Example:" in done.stdout


def test_wrong_use_is_exit_2_and_one_sentence(tmp_path: Path):
    assert edge(tmp_path, "run", "--nonsense").returncode == 2
    done = edge(tmp_path, "run", env={"XIAONAO_EDGE__TOKN": "x"})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().splitlines() == [
        "xiaonao-edge: Setting edge.tokn is unknown; did you mean edge.token?"
    ]


def test_replay_stores_what_can_be_read_and_names_the_rest(tmp_path: Path):
    lines = [
        json.dumps({"topic": "xn/v1/d/status", "payload": STATUS}),
        json.dumps({"topic": "xn/v1/d/status", "payload": json.dumps(STATUS)}),
        "no json",
        json.dumps({"topic": "xn/v1/d/status", "payload": "{}"}),
        json.dumps({"payload": 1}),
        "",
    ]
    done = edge(tmp_path, "replay", "-", stdin="\n".join(lines))
    assert done.returncode == 1
    assert done.stdout == "1 stored, 1 there already, 3 not taken\n"
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "line 3",
        "line 4",
        "line 5",
    ]
    found = json.loads(edge(tmp_path, "outbox", "--json").stdout)
    assert (found["waiting"], found["dead"]) == (1, 0)


def test_dead_letters_come_out_and_go_back(tmp_path: Path):
    body = STATUS | {"device_id": "d", "kind": "status"}
    letters = [
        DeadLetter(
            at=datetime(2026, 11, 24, tzinfo=UTC),
            stage=stage,
            topic=topic,
            reason="was refused",
            raw=json.dumps(raw).encode(),
        )
        for stage, topic, raw in (
            ("broker", "xn/v1/d/status", STATUS | {"seq": 2}),
            ("server", "", body),
        )
    ]
    with Outbox(tmp_path / "outbox.db") as box:
        box.put((), letters, now=datetime.now(UTC))
    plain = edge(tmp_path, "outbox").stdout
    assert "dead letters 2, dropped beyond the bound 0" in plain
    assert "from server: was refused" in plain
    exported = edge(tmp_path, "outbox", "--dead").stdout
    done = edge(tmp_path, "replay", "-", stdin=exported)
    assert (done.returncode, done.stdout) == (0, "2 stored, 0 there already, 0 not taken\n")


def test_doctor_finds_nothing_wrong(tmp_path: Path, broker, office):
    env = {"XIAONAO_MQTT__URL": broker.url, "XIAONAO_EDGE__SERVER_URL": office.url}
    done = edge(tmp_path, "doctor", env=env)
    assert (done.returncode, done.stdout.count("ok  ")) == (0, 5)


def test_doctor_names_what_is_away(tmp_path: Path):
    env = {
        "XIAONAO_MQTT__URL": "mqtt://127.0.0.1:1",
        "XIAONAO_EDGE__SERVER_URL": "http://127.0.0.1:1",
    }
    done = edge(tmp_path, "doctor", env=env)
    assert done.returncode == 1
    assert "FAULT broker: No connection to the broker 127.0.0.1:1" in done.stdout
    assert "FAULT server: http://127.0.0.1:1 does not answer" in done.stdout


def test_doctor_tells_a_refused_token(tmp_path: Path, broker, office):
    office.answers = [401]
    env = {"XIAONAO_MQTT__URL": broker.url, "XIAONAO_EDGE__SERVER_URL": office.url}
    done = edge(tmp_path, "doctor", env=env)
    assert done.returncode == 1
    assert "FAULT server: refuses the token" in done.stdout
