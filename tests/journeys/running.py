"""A whole system in its own home folder, driven from outside: commands, HTTP, MQTT."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from paho.mqtt import client as mqtt

BIN = Path(sys.executable).parent
READY_S = 60


def until(what: Callable[[], Any], *, seconds: float = 20, why: str = "it never happened") -> Any:
    """Ask again until something true comes back; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(why)


def now() -> str:
    return datetime.now(UTC).isoformat()


@dataclass
class System:
    """``xiaonao up`` on any free ports, and what a newcomer would do with it."""

    home: Path
    env: dict[str, str]
    process: subprocess.Popen[str]
    http: str = ""
    mqtt_host: str = ""
    mqtt_port: int = 0
    tokens: dict[str, str] = field(default_factory=dict)

    def run(
        self, program: str, *words: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """One command of the installed programs on this home."""
        done = subprocess.run(
            [str(BIN / program), *words],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )
        assert not check or done.returncode == 0, f"{program} {words}: {done.stderr[-2000:]}"
        return done

    def token(self, role: str, *more: str) -> str:
        key = " ".join((role, *more))
        if key not in self.tokens:
            done = self.run("xiaonao", "token", "create", "--role", role, *more)
            self.tokens[key] = done.stdout.strip()
        return self.tokens[key]

    def call(
        self, method: str, path: str, *, role: str = "dispatcher", unit: str = "", **body: Any
    ) -> httpx.Response:
        """An API call with a token of the role; ``body`` becomes JSON."""
        more = ("--unit", unit) if unit else ()
        headers = {"Authorization": f"Bearer {self.token(role, *more)}"}
        url = f"{self.http}/api/v1{path}"
        return httpx.request(method, url, headers=headers, json=body or None, timeout=30)

    def stop(self) -> float:
        """SIGTERM; the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        return time.monotonic() - began

    def children(self) -> dict[str, int]:
        """Process ids of the parts, by a word of their command line."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        words = {"mosquitto": "broker", "edge.cli": "edge", " serve": "server"}
        found: dict[str, int] = {}
        for line in listed.stdout.splitlines():
            for word, part in words.items():
                if word in line:
                    found[part] = int(line.split()[0])
        return found


@contextmanager
def running(home: Path, *, database_url: str = "", demo: bool = False) -> Iterator[System]:
    """Start, wait for the ready line, stop at the end whatever happened."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("XIAONAO_")}
    env |= {"XIAONAO_HOME": str(home)}
    if database_url:
        env["XIAONAO_DATABASE__URL"] = database_url
    words = ["up", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0", *(["--demo"] if demo else [])]
    with (home.parent / f"{home.name}.log").open("w") as log:
        process = subprocess.Popen(
            [str(BIN / "xiaonao"), *words], env=env, stdout=subprocess.PIPE, stderr=log, text=True
        )
        system = System(home, env, process)
        try:
            _wait_ready(system)
            yield system
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=20)


def _wait_ready(system: System) -> None:
    assert system.process.stdout is not None
    killer = threading.Timer(READY_S, system.process.kill)
    killer.start()
    line = system.process.stdout.readline()
    killer.cancel()
    word, http, broker = [*line.split(), "", "", ""][:3]
    assert word == "ready", (system.home.parent / f"{system.home.name}.log").read_text()[-3000:]
    system.http = http
    host, _, port = broker.removeprefix("mqtt://").rpartition(":")
    system.mqtt_host, system.mqtt_port = host, int(port)


class Device:
    """A bodycam with its own account: publishes at QoS 1 and listens to its ack topic."""

    def __init__(self, system: System, name: str, password: str, *, boot: str = "run-1") -> None:
        self.name, self.boot, self.seq, self.confirmed = name, boot, 0, 0
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"test-{name}")
        self.client.username_pw_set(name, password)
        self.client.on_message = self._on_message
        self.client.on_connect = self._on_connect
        self.client.connect(system.mqtt_host, system.mqtt_port)
        self.client.loop_start()
        until(self.client.is_connected, why="the device could not sign in at the broker")

    def send(self, kind: str, **fields: Any) -> mqtt.MQTTMessageInfo:
        self.seq += 1
        base = {"v": 1, "boot": self.boot, "seq": self.seq, "sent_at": now()}
        return self.raw(kind, json.dumps(base | fields))

    def raw(self, kind: str, payload: str | bytes) -> mqtt.MQTTMessageInfo:
        return self.client.publish(f"xn/v1/{self.name}/{kind}", payload, qos=1)

    def fix(self, lat: float, lon: float) -> None:
        self.send("position", fix_time=now(), lat=lat, lon=lon, crs="WGS-84", accuracy_m=6.0)

    def wait_confirmed(self, seconds: float = 20) -> None:
        why = f"confirmed {self.confirmed} of {self.seq}"
        until(lambda: self.confirmed >= self.seq, seconds=seconds, why=why)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe(f"xn/v1/{self.name}/ack", qos=1)

    def _on_message(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        answer = json.loads(message.payload)
        if answer["boot"] == self.boot:
            self.confirmed = max(self.confirmed, answer["seq"])
