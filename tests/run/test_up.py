"""Everything on one machine, as a user starts it: the real broker, edge agent and server."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from server.domain.roles import Actor, Role
from server.services.doctor import examine
from server.supervise.address import Address, parse
from server.supervise.broker import fault_of, find_mosquitto
from server.supervise.probe import mqtt_fault

READY = re.compile(r"ready (http://\S+) mqtt://(\S+)")
ADMIN = Actor("test", Role.ADMIN)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@dataclass
class Up:
    process: subprocess.Popen[str]
    home: Path
    url: str
    broker: Address
    err: Path

    def children(self) -> dict[str, int]:
        """The parts by a word of their command line."""
        pid = self.process.pid
        pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        words = {"mosquitto": "broker", "embedded": "broker", "edge.cli": "edge", "serve": "server"}
        found = {}
        for child in map(int, pids):
            line = Path(f"/proc/{child}/cmdline").read_text()
            if "leash.py" not in line:
                found |= {part: child for word, part in words.items() if word in line}
        return found

    def stop(self) -> float:
        """Seconds SIGTERM took to end it."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        return time.monotonic() - began


@contextmanager
def up(home: Path, *more: str) -> Iterator[Up]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("XIAONAO_")}
    command = [sys.executable, "-P", "-m", "server.cli.main", "up", "--home", str(home)]
    command += ["--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", *more]
    err = home.with_name(f"{home.name}.err")
    with (
        err.open("a") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=env) as made,
    ):
        try:
            assert made.stdout is not None
            line = made.stdout.readline()
            match = READY.fullmatch(line.strip())
            assert match, (line, err.read_text())
            yield Up(made, home, match[1], parse(match[2]), err)
        finally:
            made.send_signal(signal.SIGTERM)
            made.wait(20)


def until(true: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def add_device(home: Path, name: str) -> str:
    command = [sys.executable, "-P", "-m", "server.cli.main", "device", "add", "--home", str(home)]
    done = subprocess.run([*command, name], capture_output=True, text=True, check=True)
    return done.stdout.split("password ")[1].strip()


def publish(at: Address, name: str, secret: str, *, count: int, boot: str) -> None:
    """Positions, every one acknowledged by the broker when this returns."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)
    client.username_pw_set(name, secret)
    connected = Event()
    client.on_connect = lambda *_: connected.set()
    client.connect(at.host, at.port)
    client.loop_start()
    try:
        assert connected.wait(10)
        sent = [
            client.publish(f"xn/v1/{name}/position", json.dumps(_position(boot, seq)), qos=1)
            for seq in range(1, count + 1)
        ]
        for one in sent:
            one.wait_for_publish(20)
        assert all(one.is_published() for one in sent)
    finally:
        client.disconnect()
        client.loop_stop()


def _position(boot: str, seq: int) -> dict[str, object]:
    now = datetime.now(UTC).isoformat()
    place = {"lat": 30.42, "lon": 120.3, "crs": "WGS-84", "accuracy_m": 8.0}
    return {"v": 1, "boot": boot, "seq": seq, "sent_at": now, "fix_time": now, **place}


def stored(home: Path, boot: str) -> int:
    with sqlite3.connect(home / "xiaonao.db", timeout=15) as conn:
        query = "SELECT count(*) FROM telemetry WHERE boot = ?"
        return int(conn.execute(query, (boot,)).fetchone()[0])


def test_ready_survives_deaths_and_stops_in_order(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with up(home) as running:
        assert answers(running.url)
        parts = running.children()
        assert set(parts) == {"broker", "edge", "server"}
        for name in ("server", "broker", "edge"):
            before = running.children()[name]
            os.kill(before, signal.SIGKILL)
            until(lambda n=name, b=before: running.children().get(n, b) != b)
        until(lambda: answers(running.url))  # the same port as before
        until(lambda: fault_of(home, _settings(home))[0])
        assert running.err.read_text().count("SIGKILL") == 3
        parts = running.children()
        assert running.stop() < 10
        assert running.process.returncode == 0
        assert all(gone(pid) for pid in parts.values())
        assert running.process.stdout is not None
        assert running.process.stdout.read() == "", "exactly one line on stdout"


def _settings(home: Path):
    from server import config

    return config.load(home)


@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")
def test_devices_come_and_go_and_nothing_the_broker_took_is_lost(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with up(home) as running:
        secret = add_device(home, "bc-01")
        until(lambda: mqtt_fault(running.broker, "bc-01", secret) is None)
        publish(running.broker, "bc-01", secret, count=20, boot="first")
        until(lambda: stored(home, "first") == 20)
        faults = [f for f in examine(home, broker_fault=fault_of) if not f.well]
        assert [f.name for f in faults if f.name != "models"] == []
        refused = subprocess.run(
            [sys.executable, "-P", "-m", "server.cli.main", "up", "--home", str(home)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert refused.returncode == 2
        assert str(running.process.pid) in refused.stderr
        stopper = Thread(target=running.stop)
        publish(running.broker, "bc-01", secret, count=300, boot="second")
        stopper.start()
        stopper.join()
    with up(home) as running:
        until(lambda: stored(home, "second") == 300)
        _revoke(home, "bc-01")
        until(lambda: mqtt_fault(running.broker, "bc-01", secret) is not None)


def _revoke(home: Path, name: str) -> None:
    command = [sys.executable, "-P", "-m", "server.cli.main", "device", "revoke", "--home"]
    subprocess.run([*command, str(home), name], check=True, stdout=subprocess.DEVNULL)


def test_parts_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with up(tmp_path / "home", "--embedded-broker") as running:
        assert "embedded broker" in running.err.read_text()
        assert mqtt_fault(running.broker) is None
        parts = running.children()
        assert set(parts) == {"broker", "edge", "server"}
        running.process.kill()
        for pid in parts.values():
            until(lambda p=pid: gone(p))


def test_the_demo_lives(tmp_path: Path) -> None:
    """Ready, people on the map, a report within the first minute; then all of it ends."""
    home = tmp_path / "home"
    with up(home, "--demo") as running:
        until(lambda: _count(home, "reports", "source_id NOT LIKE 'demo-past%'") > 0, 60)
        until(lambda: _count(home, "device_states", "fix_time IS NOT NULL") > 20, 60)
        page = httpx.get(f"{running.url}/login", trust_env=False).text
        assert "demo-xiaonao" in page
        parts = running.children()
        assert running.stop() < 10
        assert all(gone(pid) for pid in parts.values())


def _count(home: Path, table: str, where: str) -> int:
    with sqlite3.connect(home / "xiaonao.db", timeout=15) as conn:
        return int(conn.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])


def test_a_demo_refuses_to_face_a_network(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "server.cli.main", "up", "--demo"]
    done = subprocess.run(
        [*command, "--home", str(tmp_path / "home"), "--http", "0.0.0.0:0"],
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("XIAONAO_")},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "XIAONAO_DEMO_ANYWHERE" in done.stderr
