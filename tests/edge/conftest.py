"""Real parts for the edge tests: a Mosquitto, an HTTP server that keeps what it is sent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from server.supervise.address import Ports, parse

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
TOKEN = "token-of-the-tests"
_PORTS = Ports()
"""Kept to the end, so that a broker that starts again finds its port free."""


def until(condition: Callable[[], Any], *, what: str, bound_s: float = 20) -> Any:
    """The condition's first truthy value; fails when none comes within the bound."""
    give_up = time.monotonic() + bound_s
    while time.monotonic() < give_up:
        if value := condition():
            return value
        time.sleep(0.02)
    pytest.fail(f"not within {bound_s} s: {what}")


def free_port() -> int:
    return _PORTS.settle(parse("127.0.0.1:0"), option="", any_port=False).port


@pytest.fixture
def own_port() -> int:
    """A port nobody else is given while the tests run."""
    return free_port()


@dataclass
class Broker:
    """A Mosquitto with persistence, configured as docs/EDGE.md says."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    more: str = ""
    persistent: bool = True

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.folder.mkdir(exist_ok=True)
        conf = self.folder / "mosquitto.conf"
        conf.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nuser root\n{self.more}"
            f"persistence {str(self.persistent).lower()}\n"
            f"persistence_location {self.folder}/\nautosave_interval 30\n"
            "max_inflight_messages 1000\nmax_queued_messages 1000000\n"
            "max_queued_bytes 1073741824\nset_tcp_nodelay true\n"
            "persistent_client_expiration 14d\n"
        )
        self.process = subprocess.Popen([MOSQUITTO, "-c", str(conf)], stderr=subprocess.DEVNULL)
        until(self._answers, what="broker listens")

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@dataclass
class Office:
    """Stands for the server: the contract's POST /telemetry on SQLite, exactly once by key."""

    folder: Path
    port: int = field(default_factory=free_port)
    answers: list[int] = field(default_factory=list)  # statuses given before any work is done
    refuse: Callable[[dict[str, Any]], str] = lambda _: ""
    malformed: Callable[[dict[str, Any]], bool] = lambda _: False
    stumbles: Callable[[dict[str, Any]], bool] = lambda _: False
    tokens: list[str] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        with self._open() as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS got (n INTEGER PRIMARY KEY, device_id, boot, seq, "
                "body, UNIQUE (device_id, boot, seq))"
            )
        office = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                if office._server is None:  # away: a connection kept alive must not answer
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers["Content-Length"]))
                office.tokens.append(self.headers.get("Authorization", ""))
                status, answer = office.take(json.loads(body)["messages"])
                out = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(out)))
                self.end_headers()
                self.wfile.write(out)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def take(self, messages: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        if self.answers:
            return self.answers.pop(0), {"title": "as told"}
        if any(map(self.malformed, messages)):
            return 422, {"title": "malformed", "detail": "one message is", "field": "messages"}
        if any(map(self.stumbles, messages)):
            return 500, {"title": "stumbled"}
        rejected = [
            {"index": index, "why": why}
            for index, message in enumerate(messages)
            if (why := self.refuse(message))
        ]
        left_out = {item["index"] for item in rejected}
        good = [message for index, message in enumerate(messages) if index not in left_out]
        with self._open() as db:
            before = db.total_changes
            db.executemany(
                "INSERT OR IGNORE INTO got (device_id, boot, seq, body) VALUES (?, ?, ?, ?)",
                [(m["device_id"], m["boot"], m["seq"], json.dumps(m)) for m in good],
            )
            new = db.total_changes - before
        self.batches.append([f"{m['device_id']}:{m['kind']}:{m['seq']}" for m in messages])
        return 200, {"accepted": new, "duplicates": len(good) - new, "rejected": rejected}

    def got(self) -> list[dict[str, Any]]:
        """Everything taken, in the order it came."""
        with self._open() as db:
            return [json.loads(body) for (body,) in db.execute("SELECT body FROM got ORDER BY n")]

    def seqs(self, device_id: str) -> list[int]:
        return sorted(m["seq"] for m in self.got() if m["device_id"] == device_id)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "office.db", timeout=10)


@dataclass
class Device:
    """A device's MQTT client; remembers the confirmations it got."""

    name: str
    port: int
    boot: str = "b1"
    acks: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"dev-{self.name}",
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        ready = threading.Event()
        self.client.on_connect = lambda *_: self.client.subscribe(f"xn/v1/{self.name}/ack", 1)
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_message = lambda _c, _u, m: self.acks.append(json.loads(m.payload))
        self.client.max_queued_messages_set(0)
        self.client.max_inflight_messages_set(1000)
        self.client.connect("127.0.0.1", self.port, 30)
        self.client.loop_start()
        assert ready.wait(10)

    def message(self, seq: int, **fields: Any) -> dict[str, Any]:
        return {
            "v": 1,
            "boot": self.boot,
            "seq": seq,
            "sent_at": "2026-11-24T10:00:00+08:00",
            **fields,
        }

    def send(self, kind: str, payload: Any, *, wait: bool = True) -> None:
        self.raw(f"xn/v1/{self.name}/{kind}", json.dumps(payload).encode(), wait=wait)

    def raw(self, topic: str, payload: bytes, *, wait: bool = True) -> None:
        info = self.client.publish(topic, payload, qos=1)
        if wait:
            info.wait_for_publish(10)

    def status(self, *seqs: int) -> None:
        for seq in seqs:
            self.send("status", self.message(seq, battery_pct=50))

    def confirmed(self) -> int:
        return max((ack["seq"] for ack in self.acks if ack["boot"] == self.boot), default=-1)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@dataclass
class AgentProcess:
    """``xiaonao-edge run`` as a process of its own, so that it can be killed."""

    home: Path
    env: dict[str, str]
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.home.mkdir(exist_ok=True)
        log = (self.home / "agent.log").open("a")
        self.process = subprocess.Popen(
            self.command(),
            env={**os.environ, **self.env, "XIAONAO_HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", (self.home / "agent.log").read_text()

    def command(self) -> list[str]:
        return [sys.executable, "-c", "from edge.cli import main; main()", "run"]

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    office.start()
    yield office
    office.stop()


@pytest.fixture
def agent(tmp_path: Path, broker: Broker, office: Office) -> Iterator[AgentProcess]:
    agent = AgentProcess(
        tmp_path / "home",
        {
            "XIAONAO_MQTT__URL": broker.url,
            "XIAONAO_EDGE__SERVER_URL": office.url,
            "XIAONAO_EDGE__TOKEN": TOKEN,
            "XIAONAO_EDGE__RETRY_MIN_S": "0.05",
            "XIAONAO_EDGE__RETRY_MAX_S": "0.2",
        },
    )
    agent.start()
    yield agent
    if agent.process is not None and agent.process.poll() is None:
        agent.kill()


@pytest.fixture
def device(broker: Broker) -> Iterator[Callable[[str], Device]]:
    made: list[Device] = []

    def make(name: str) -> Device:
        made.append(Device(name, broker.port))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture(name="until")
def _until() -> Callable[..., Any]:
    return until


@pytest.fixture
def embedded_broker(tmp_path: Path) -> Iterator[Broker]:
    """The broker in a wheel, MQTT 3.1.1, memory only."""
    pytest.importorskip("iotcore")
    broker = Broker(tmp_path / "embedded")
    code = (
        "import logging, sys; logging.getLogger('rumqttd').setLevel(logging.CRITICAL)\n"
        "from iotcore.iotcore import IotCoreBroker\n"
        "IotCoreBroker(listen='127.0.0.1', port=int(sys.argv[1]), max_payload_size=2097152,"
        " max_inflight_count=1000).run_forever()"
    )
    broker.process = subprocess.Popen(
        [sys.executable, "-c", code, str(broker.port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(broker._answers, what="embedded broker listens")
    yield broker
    broker.process.kill()
    broker.process.wait(10)


@pytest.fixture
def agent_of(tmp_path: Path) -> Iterator[Callable[..., AgentProcess]]:
    """Makes agents on other brokers; what still runs at the end is killed."""
    made: list[AgentProcess] = []

    def make(**env: str) -> AgentProcess:
        made.append(AgentProcess(tmp_path / f"home{len(made)}", env))
        made[-1].start()
        return made[-1]

    yield make
    for item in made:
        if item.process is not None and item.process.poll() is None:
            item.kill()
