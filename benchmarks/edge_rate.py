"""Device to edge, measured: durable and acknowledged messages a second, in one run beside others.

Run by hand: ``python benchmarks/edge_rate.py [--rounds 3] [--count 30000]``. Real Mosquitto, each
listener a process of its own, a backlog that the broker holds and that is drained to the last
acknowledgement. Beside the agent (alone, and two that share): the naive script everybody writes
first (one INSERT and commit a message; with WAL), paho's own loop that stores nothing, paho
with a group commit but no validation. Prints one JSON object of medians.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "edge"))

from conftest import AgentProcess, Broker, Device, until

from edge.flood import flood

HERE = Path(__file__).parent
DEVICES = 50
LIVE_S = 6
LIVE_RATE = 500


def messages(count: int, boot: str) -> list[tuple[str, bytes]]:
    """Positions of 50 devices, 230 bytes each."""
    begun = datetime.now(UTC)
    out = []
    for n in range(count):
        at = (begun + timedelta(milliseconds=n)).isoformat(timespec="milliseconds")
        fields = {"v": 1, "boot": boot, "seq": n // DEVICES + 1, "sent_at": at, "fix_time": at}
        fields |= {"lat": 30.42 + n % 997 * 1e-6, "lon": 120.3, "crs": "WGS-84"}
        fields |= {"accuracy_m": 6.0, "speed_mps": 1.2, "heading_deg": 90.0}
        out.append((f"xn/v1/bc-{n % DEVICES:03d}/position", json.dumps(fields).encode()))
    return out


def stored(home: Path) -> int:
    with sqlite3.connect(f"file:{home / 'outbox.db'}?mode=ro", uri=True) as db:
        return int(db.execute("SELECT waiting FROM tally").fetchone()[0])


def stored_at(home: Path) -> list[float]:
    with sqlite3.connect(home / "outbox.db") as db:
        return [at for (at,) in db.execute("SELECT stored_at FROM outbox")]


def busy() -> float:
    return os.getloadavg()[0]


class Round:
    """A fresh broker for one listener, so that nothing of one is in the way of another."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.count = count
        self.broker = Broker(folder / "broker")
        self.broker.start()

    def backlog(self) -> None:
        """Sent by eight connections while the listener is away; the broker holds it."""
        told = messages(self.count, "b")
        lanes = [told[n::8] for n in range(8)]
        flood("127.0.0.1", self.broker.port, lanes)

    def agents(self, number: int) -> float:
        share = "bench" if number > 1 else ""
        made = []
        for n in range(number):
            env = {
                "XIAONAO_MQTT__URL": self.broker.url,
                "XIAONAO_MQTT__CLIENT_ID": f"agent-{n}",
                "XIAONAO_MQTT__SHARE": share,
                "XIAONAO_EDGE__SERVER_URL": "http://127.0.0.1:1",
                "XIAONAO_EDGE__RETRY_MIN_S": "30",
            }
            made.append(AgentProcess(self.folder / f"home{n}", env))
            made[-1].start()
        for agent in made:
            agent.kill()  # the broker knows the session now and keeps what comes
        self.backlog()
        for agent in made:
            agent.start()
        homes = [agent.home for agent in made]
        until(lambda: sum(map(stored, homes)) >= self.count, what="all", bound_s=120)
        for agent in made:
            agent.kill()
        times = sorted(at for home in homes for at in stored_at(home))
        return len(times) / (times[-1] - times[0])

    def script(self, name: str) -> float:
        """A listener of ``edge_peers.py``: subscribes, is stopped, then drains the backlog."""
        command = [sys.executable, str(HERE / "edge_peers.py"), name, str(self.broker.port)]
        base = [*command, str(self.folder / "peer.db")]
        subprocess.run([*base, "0"], check=True, stdout=subprocess.DEVNULL)
        self.backlog()
        out = subprocess.run([*base, str(self.count)], check=True, capture_output=True, text=True)
        return float(out.stdout)

    def close(self) -> None:
        self.broker.stop()


def live(folder: Path) -> list[float]:
    """Milliseconds from publish to stored at 500 a second."""
    broker = Broker(folder / "broker")
    broker.start()
    env = {"XIAONAO_MQTT__URL": broker.url, "XIAONAO_EDGE__SERVER_URL": "http://127.0.0.1:1"}
    agent = AgentProcess(folder / "home", env)
    agent.start()
    device = Device("bc-01", broker.port)
    total = LIVE_S * LIVE_RATE
    begun = time.perf_counter()
    for index in range(total):
        time.sleep(max(0.0, begun + index / LIVE_RATE - time.perf_counter()))
        fields = {"battery_pct": 50, "firmware": f"{time.time():.6f}"}
        device.send("status", device.message(1 + index, **fields), wait=False)
    until(lambda: stored(agent.home) == total, what="all stored")
    with sqlite3.connect(agent.home / "outbox.db") as db:
        found = db.execute("SELECT stored_at, body FROM outbox ORDER BY id").fetchall()
    agent.kill()
    device.close()
    broker.stop()
    return [1000 * (at - float(json.loads(body)["firmware"])) for at, body in found]


CASES: dict[str, Callable[[Round], float]] = {
    "naive": lambda r: r.script("naive"),
    "naive_wal": lambda r: r.script("naive_wal"),
    "paho_alone": lambda r: r.script("alone"),
    "paho_group_commit": lambda r: r.script("group"),
    "agent": lambda r: r.agents(1),
    "two_agents": lambda r: r.agents(2),
}


def measure(rounds: int, count: int) -> dict[str, Any]:
    found: dict[str, list[float]] = {name: [] for name in CASES}
    for _ in range(rounds):
        for name, case in CASES.items():
            with tempfile.TemporaryDirectory() as folder:
                one = Round(Path(folder), count if "naive" not in name else count // 6)
                try:
                    found[name].append(case(one))
                    print(f"{name} {found[name][-1]:.0f}", file=sys.stderr, flush=True)
                finally:
                    one.close()
    with tempfile.TemporaryDirectory() as folder:
        delays = sorted(live(Path(folder)))
    middle = {name: round(statistics.median(rates)) for name, rates in found.items()}
    return {
        "per_s": middle,
        "best_per_s": {name: round(max(rates)) for name, rates in found.items()},
        "agent_over_naive": round(middle["agent"] / middle["naive"], 1),
        "live_per_s": LIVE_RATE,
        "delay_p50_ms": round(statistics.median(delays), 2),
        "delay_p99_ms": round(delays[int(len(delays) * 0.99)], 2),
        "load_after": round(busy(), 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=30_000)
    given = parser.parse_args()
    print(json.dumps(measure(given.rounds, given.count)))
