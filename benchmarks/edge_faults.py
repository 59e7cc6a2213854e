"""The fault matrix: traffic that is resent until confirmed, a fault in the middle, then the count.

Run by hand: ``python benchmarks/edge_faults.py [--cut 600] [FAULT …]``; the suite runs it with
short faults. Real Mosquitto, agent and server (SQLite), each a process of its own; simulated
devices keep what the ``ack`` topic has not confirmed. Per fault one JSON line: what was sent, what
was confirmed, what of that the server lacks (lost) or has twice (doubled; by its unique key it
cannot), how long after the fault's end a new message took to be stored.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "edge"))

from conftest import AgentProcess, Broker, Device, free_port, until

BIN = Path(sys.executable).parent
LONG_CUT_S = 60
UNITS = 3
RATE = 20


@dataclass
class Server:
    """``xiaonao serve`` on a home folder of its own."""

    home: Path
    port: int
    token: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *words: str) -> str:
        env = os.environ | {"XIAONAO_HOME": str(self.home)}
        done = subprocess.run(
            [str(BIN / "xiaonao"), *words], env=env, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def start(self) -> None:
        import httpx

        self.process = subprocess.Popen(
            [str(BIN / "xiaonao"), "serve", "--http", f"127.0.0.1:{self.port}", "--all"],
            env=os.environ | {"XIAONAO_HOME": str(self.home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

        def answers() -> bool:
            try:
                return httpx.get(f"{self.url}/healthz", timeout=1, trust_env=False).is_success
            except httpx.HTTPError:
                return False

        until(answers, what="the server answers", bound_s=240)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def rows(self) -> list[tuple[str, str, int]]:
        with sqlite3.connect(self.home / "xiaonao.db", timeout=30) as db:
            return list(db.execute("SELECT device_id, boot, seq FROM telemetry"))


@dataclass
class Site:
    folder: Path
    server: Server
    broker: Broker
    agent: AgentProcess
    cut_s: float

    def pid(self, part: Any) -> int:
        assert part.process is not None
        return int(part.process.pid)


@contextmanager
def site(server: Server, folder: Path, *, persistent: bool = True, cut_s: float) -> Iterator[Site]:
    """A fresh broker and agent beside a running server."""
    broker = Broker(folder / "broker")
    broker.persistent = persistent
    broker.start()
    env = {
        "XIAONAO_MQTT__URL": broker.url,
        "XIAONAO_MQTT__KEEP_ALIVE_S": "2",
        "XIAONAO_EDGE__SERVER_URL": server.url,
        "XIAONAO_EDGE__TOKEN": server.token,
        "XIAONAO_EDGE__RETRY_MIN_S": "0.1",
        "XIAONAO_EDGE__RETRY_MAX_S": "0.5",
        # The default for a long cut: on a busy machine a server needs more than a second.
        "XIAONAO_EDGE__REQUEST_TIMEOUT_S": "10" if cut_s > LONG_CUT_S else "1",
    }
    agent = ClockedAgent(folder / "home", env)
    agent.start()
    try:
        yield Site(folder, server, broker, agent, cut_s)
    finally:
        if agent.process is not None and agent.process.poll() is None:
            agent.kill()
        broker.stop()


class ClockedAgent(AgentProcess):
    """``xiaonao-edge run`` whose clock is ahead by the seconds in a file."""

    CODE = (
        "import datetime, pathlib, edge.cli as cli\n"
        "ahead = pathlib.Path({path!r})\n"
        "def now():\n"
        "    off = float(ahead.read_text()) if ahead.exists() else 0.0\n"
        "    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=off)\n"
        "cli._now = now\n"
        "cli.main()"
    )

    def command(self) -> list[str]:
        path = str(self.home / "ahead")
        return [sys.executable, "-c", self.CODE.format(path=path), "run"]

    def jump(self, seconds: float) -> None:
        draft = self.home / "ahead.new"
        draft.write_text(str(seconds))
        draft.replace(self.home / "ahead")


def kill_agent(s: Site) -> None:
    s.agent.kill()
    s.agent.start()


def kill_server(s: Site) -> None:
    s.server.kill()
    s.server.start()


def kill_broker(s: Site) -> None:
    os.kill(s.pid(s.broker), signal.SIGKILL)
    s.broker.stop()
    s.broker.start()


def stopped(pid: int, seconds: float) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)


def cut_upwards(s: Site) -> None:
    """The server takes connections and answers nothing."""
    stopped(s.pid(s.server), s.cut_s)


def cut_broker(s: Site) -> None:
    stopped(s.pid(s.broker), s.cut_s)


def disk_full(s: Site) -> None:
    """No file of the agent may grow; then there is room again."""
    pid = s.pid(s.agent)
    size = min(p.stat().st_size for p in s.agent.home.glob("outbox.db*") if p.stat().st_size)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (max(4096, size), resource.RLIM_INFINITY))
    until(
        lambda: "not stored, not acknowledged" in (s.agent.home / "agent.log").read_text(),
        what="the agent says that it cannot store",
    )
    time.sleep(s.cut_s / 4)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def locked(path: Path, seconds: float) -> None:
    db = sqlite3.connect(path, isolation_level=None, timeout=10)
    db.execute("BEGIN IMMEDIATE")
    time.sleep(seconds)
    db.execute("ROLLBACK")
    db.close()


def outbox_locked(s: Site) -> None:
    """Longer than the agent waits for the lock."""
    locked(s.agent.home / "outbox.db", max(6.0, s.cut_s))


def server_locked(s: Site) -> None:
    locked(s.server.home / "xiaonao.db", s.cut_s)


def clock_ahead(s: Site) -> None:
    s.agent.jump(3600)  # type: ignore[attr-defined]
    time.sleep(s.cut_s / 2)


def clock_behind(s: Site) -> None:
    s.agent.jump(-3600)  # type: ignore[attr-defined]
    time.sleep(s.cut_s / 2)
    s.agent.jump(0)  # type: ignore[attr-defined]


def repeated(s: Site) -> None:
    """Three of each message of one device, in any order."""
    device = Device("bc-repeat", s.broker.port, boot="shuffled")
    seqs = [seq for seq in range(1, 101) for _ in range(3)]
    random.Random(7).shuffle(seqs)
    for seq in seqs:
        device.send("status", device.message(seq, battery_pct=50), wait=False)
    until(lambda: device.confirmed() == 100, what="the shuffled run is confirmed", bound_s=30)
    device.close()


FAULTS: dict[str, Callable[[Site], None]] = {
    "kill_agent": kill_agent,
    "kill_server": kill_server,
    "kill_broker": kill_broker,
    "broker_without_persistence": kill_broker,
    "cut_upwards": cut_upwards,
    "cut_broker": cut_broker,
    "disk_full": disk_full,
    "outbox_locked": outbox_locked,
    "server_locked": server_locked,
    "clock_ahead": clock_ahead,
    "clock_behind": clock_behind,
    "repeated": repeated,
}


def traffic(s: Site, seconds: float, boot: str) -> subprocess.Popen[str]:
    words = ["simulate", "--mqtt", s.broker.url, "--units", str(UNITS), "--rate", str(RATE)]
    words += ["--duration", str(seconds), "--linger", str(90 + s.cut_s / 2), "--boot", boot]
    return subprocess.Popen(
        [str(BIN / "xiaonao-edge"), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def recovery_s(s: Site) -> float:
    """From now until something new of these devices is stored."""
    before, begun = len(s.server.rows()), time.monotonic()
    until(lambda: len(s.server.rows()) > before, what="something new", bound_s=90)
    return round(time.monotonic() - begun, 2)


def play(
    server: Server, names: Sequence[str], folder: Path, *, cut_s: float, traffic_s: float
) -> dict[str, Any]:
    """Faults one after the other in one stretch of traffic; what they cost."""
    persistent = "broker_without_persistence" not in names
    with site(server, folder, persistent=persistent, cut_s=cut_s) as s:
        boot = f"{names[0]}-{time.time_ns()}"
        running = traffic(s, traffic_s, boot)
        try:
            until(
                lambda: sum(row[1] == boot for row in server.rows()) > UNITS * RATE,
                what="traffic flows",
                bound_s=30,
            )
            after_s = []
            for name in names:
                FAULTS[name](s)
                after_s.append(recovery_s(s))
            out, _ = running.communicate(timeout=2 * cut_s + 240)
        finally:
            running.kill()
        told = json.loads(out.strip().splitlines()[-1])
        ours = [row for row in server.rows() if row[1] == boot]
        return {
            "fault": "+".join(names),
            "sent": told["sent"],
            "resent": told["resent"],
            "confirmed": told["confirmed"],
            "unconfirmed": told["unconfirmed"],
            "dropped": told["dropped"],
            "stored": len(ours),
            "lost": max(0, told["confirmed"] - len(set(ours))),
            "doubled": len(ours) - len(set(ours)),
            "recovery_s": max(after_s),
        }


@contextmanager
def a_server(folder: Path) -> Iterator[Server]:
    server = Server(folder / "office", free_port())
    server.run("init")
    server.token = server.run("token", "create", "--role", "edge")
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cut", type=float, default=30.0)
    parser.add_argument("faults", nargs="*", default=list(FAULTS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name_, a_server(Path(name_)) as office:
        for fault in given.faults:
            place = Path(name_) / fault
            place.mkdir()
            cut_s = given.cut
            found = play(office, [fault], place, cut_s=cut_s, traffic_s=cut_s + 8)
            print(json.dumps(found), flush=True)
