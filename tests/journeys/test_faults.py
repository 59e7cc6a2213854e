"""kill -9 of each part in traffic: what was confirmed is stored once, the rest sent again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from edge_faults import a_server, play
from running import BIN, System, running, until

pytestmark = pytest.mark.timeout(300)
UNITS = 4


def credentials(system: System) -> Path:
    """A unit with two devices, four times over; their accounts as the simulator wants them."""
    lines = []
    for n in range(UNITS):
        unit = f"u{n}"
        system.run("xiaonao", "unit", "add", unit, "--name", unit, "--point", "顺达")
        for kind, prefix in (("bodycam", "bc"), ("radio", "rd")):
            device = f"{prefix}-{n}"
            shown = system.run(
                "xiaonao", "device", "add", device, "--unit", unit, "--kind", kind
            ).stdout
            words = shown.replace("=", " ").replace(":", " ").split()
            password = words[words.index("password") + 1]
            lines.append(
                {
                    "device_id": device,
                    "unit": unit,
                    "kind": kind,
                    "username": device,
                    "password": password,
                    "home": {"lat": 30.42, "lon": 120.30},
                }
            )
    path = system.home / "credentials.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def stored(system: System) -> int:
    engine = create_engine(f"sqlite:///{system.home / 'xiaonao.db'}")
    with engine.connect() as conn:
        return int(conn.execute(text("SELECT count(*) FROM telemetry")).scalar_one())


def wait_stored(system: System, goal: int, *, why: str) -> None:
    until(lambda: stored(system) >= goal, seconds=30, why=why)


def kill(system: System, part: str) -> None:
    """kill -9, then wait until the supervisor has started the part again."""
    before = system.children()[part]
    os.kill(before, signal.SIGKILL)
    until(
        lambda: system.children().get(part, before) != before,
        seconds=20,
        why=f"{part} was not started again",
    )


def test_what_was_confirmed_is_stored_once_whatever_dies(tmp_path: Path) -> None:
    with running(tmp_path / "var") as system:
        accounts = credentials(system)
        simulator = subprocess.Popen(
            [
                str(BIN / "xiaonao-edge"),
                "simulate",
                "--mqtt",
                f"mqtt://{system.mqtt_host}:{system.mqtt_port}",
                "--credentials",
                str(accounts),
                "--rate",
                "10",
                "--linger",
                "60",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            wait_stored(system, 100, why="no traffic came in")
            for part in ("edge", "server", "broker"):
                goal = stored(system) + 50
                kill(system, part)
                wait_stored(system, goal, why=f"{part} never recovered")
            simulator.terminate()  # it says goodbye and waits for the last confirmations
            summary = json.loads(simulator.communicate(timeout=120)[0].strip().splitlines()[-1])
        finally:
            simulator.kill()
        assert summary["unconfirmed"] == 0, summary
        until(lambda: stored(system) >= summary["confirmed"], why="confirmed but not stored")
        assert stored(system) == summary["sent"]  # unique by (device, boot, seq): none twice
        system.run("xiaonao", "verify-log")


def test_broken_disks_locks_clocks_and_repeats_cost_nothing(tmp_path: Path) -> None:
    """The rest of the matrix (``benchmarks/edge_faults.py``), short, in one stretch of traffic."""
    faults = ["disk_full", "outbox_locked", "server_locked", "clock_ahead", "clock_behind"]
    with a_server(tmp_path) as server:
        for number, names in enumerate(
            ([*faults, "cut_upwards", "cut_broker", "repeated"], ["broker_without_persistence"])
        ):
            folder = tmp_path / str(number)
            folder.mkdir()
            found = play(server, names, folder, cut_s=2, traffic_s=24 if len(names) > 1 else 6)
            assert (found["unconfirmed"], found["dropped"]) == (0, 0), found
            assert found["confirmed"] == found["sent"], found
            assert (found["lost"], found["doubled"]) == (0, 0), found
