"""Publish to stored, measured: a backlog drained, and the delay at 500 messages a second.

Run by hand: ``python benchmarks/edge_rate.py``. Real Mosquitto, the agent as its own process,
no server (so what is stored stays in the outbox). Prints one JSON object.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "edge"))

from conftest import AgentProcess, Broker, Device, until

BACKLOG = 30_000
LIVE_S = 6
LIVE_RATE = 500


def rows(home: Path) -> list[tuple[float, str]]:
    with sqlite3.connect(home / "outbox.db") as db:
        return db.execute("SELECT stored_at, body FROM outbox ORDER BY id").fetchall()


def publish(device: Device, first: int, count: int, *, rate: float | None) -> None:
    begun = time.perf_counter()
    for index in range(count):
        if rate is not None:
            time.sleep(max(0.0, begun + index / rate - time.perf_counter()))
        fields = {"battery_pct": 50, "firmware": f"{time.time():.6f}"}
        device.send("status", device.message(first + index, **fields), wait=False)


def backlog(agent: AgentProcess, device: Device) -> float:
    """Messages a second from a broker that holds them all."""
    agent.kill()
    publish(device, 1, BACKLOG, rate=None)
    until(lambda: not device.client._out_messages, what="the broker has them", bound_s=60)
    agent.start()
    until(lambda: len(rows(agent.home)) == BACKLOG, what="all stored", bound_s=60)
    times = [stored_at for stored_at, _ in rows(agent.home)]
    return BACKLOG / (times[-1] - times[0])


def live(agent: AgentProcess, device: Device) -> list[float]:
    """Milliseconds from publish to stored."""
    publish(device, BACKLOG + 1, LIVE_S * LIVE_RATE, rate=LIVE_RATE)
    total = BACKLOG + LIVE_S * LIVE_RATE
    until(lambda: len(rows(agent.home)) == total, what="all stored")
    found = rows(agent.home)[BACKLOG:]
    return [1000 * (at - float(json.loads(body)["firmware"])) for at, body in found]


def measure(folder: Path) -> dict[str, Any]:
    broker = Broker(folder / "broker")
    broker.start()
    env = {"XIAONAO_MQTT__URL": broker.url, "XIAONAO_EDGE__SERVER_URL": "http://127.0.0.1:1"}
    agent = AgentProcess(folder / "home", env)
    agent.start()
    device = Device("bc-01", broker.port)
    try:
        rate = backlog(agent, device)
        delays = sorted(live(agent, device))
    finally:
        agent.kill()
        device.close()
        broker.stop()
    return {
        "backlog_per_s": round(rate),
        "live_per_s": LIVE_RATE,
        "delay_p50_ms": round(statistics.median(delays), 2),
        "delay_p99_ms": round(delays[int(len(delays) * 0.99)], 2),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(measure(Path(name))))
