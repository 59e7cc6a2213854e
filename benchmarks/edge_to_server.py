"""Device to server, measured: committed messages a second, position to wall, SOS behind a backlog.

Run by hand: ``python benchmarks/edge_to_server.py [--url postgresql://…]``. Real Mosquitto, agents
and server (SQLite in a folder of its own, or the database given), each a process of its own.

- ``rate``: 30,000 positions published while the agent is away, then from the first row
  in the server to the last; with one agent, and with two that share.
- ``wall``: at N devices with a position each second, from publishing a mark to the server's live
  state showing it (asked every 5 ms), p50 and p99.
- ``sos``: 40 devices raise an SOS one after the other while 100,000 messages of an agent whose
  server was away drain from its outbox; from publishing each to its event, p50, p99 and worst.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from edge_faults import Server, a_server
from edge_rate import messages
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "edge"))

from conftest import AgentProcess, Broker, Device, until

from edge.flood import flood


class Place:
    """A fresh broker beside a running server, and agents on it."""

    def __init__(self, folder: Path, server: Server, database: str) -> None:
        self.folder, self.server = folder, server
        self.engine = create_engine(database or f"sqlite:///{server.home / 'xiaonao.db'}")
        self.broker = Broker(folder / "broker")
        self.broker.start()
        self.agents: list[AgentProcess] = []

    def agent(self, number: int, *, share: bool = False) -> AgentProcess:
        env = {
            "XIAONAO_MQTT__URL": self.broker.url,
            "XIAONAO_MQTT__CLIENT_ID": f"agent-{number}",
            "XIAONAO_MQTT__SHARE": "bench" if share else "",
            "XIAONAO_EDGE__SERVER_URL": self.server.url,
            "XIAONAO_EDGE__TOKEN": self.server.token,
        }
        made = AgentProcess(self.folder / f"home{number}", env)
        made.start()
        self.agents.append(made)
        return made

    def count(self, boot: str) -> int:
        with self.engine.connect() as conn:
            query = text("SELECT count(*) FROM telemetry WHERE boot = :boot")
            return int(conn.execute(query, {"boot": boot}).scalar_one())

    def one(self, query: str, **values: Any) -> Any:
        with self.engine.connect() as conn:
            return conn.execute(text(query), values).scalar_one_or_none()

    def close(self) -> None:
        for agent in self.agents:
            if agent.process is not None and agent.process.poll() is None:
                agent.kill()
        self.broker.stop()
        self.engine.dispose()


def waiting_in(agent: AgentProcess) -> int:
    """Messages in the agent's outbox."""
    with closing(sqlite3.connect(agent.home / "outbox.db", timeout=30)) as db:
        return int(db.execute("SELECT waiting FROM tally").fetchone()[0])


def rate(place: Place, agents: int, count: int) -> float:
    boot = f"rate-{agents}-{time.time_ns()}"
    made = [place.agent(n, share=agents > 1) for n in range(agents)]
    for agent in made:
        agent.kill()
    told = messages(count, boot)
    flood("127.0.0.1", place.broker.port, [told[n::8] for n in range(8)])
    starts = [threading.Thread(target=agent.start) for agent in made]
    for thread in starts:
        thread.start()
    for thread in starts:
        thread.join()
    # From the first row on: starting a process is no part of a rate.
    first = until(lambda: place.count(boot), what="some stored", bound_s=300)
    begun = time.perf_counter()
    until(lambda: place.count(boot) >= count, what="all stored", bound_s=300)
    return (count - first) / (time.perf_counter() - begun)


def wall(place: Place, devices: int, seconds: float) -> list[float]:
    place.agent(0)
    boot, stop = f"wall-{time.time_ns()}", threading.Event()

    def others() -> None:
        second = 0
        while not stop.is_set():
            told = messages(devices, f"{boot}-{second}")
            flood("127.0.0.1", place.broker.port, [told], rate=devices)
            second += 1

    thread = threading.Thread(target=others)
    thread.start()
    device, delays, seq = Device("bc-mark", place.broker.port, boot=boot), [], 0
    query = "SELECT lat FROM device_states WHERE device_id = 'bc-mark'"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seq += 1
        lat, at = round(30.4 + seq * 1e-5, 5), datetime.now(UTC).isoformat()
        fields = {"fix_time": at, "sent_at": at, "lat": lat, "lon": 120.3, "accuracy_m": 5.0}
        begun = time.perf_counter()
        device.send("position", device.message(seq) | fields, wait=False)
        give_up = begun + 20
        while place.one(query) != lat and time.perf_counter() < give_up:
            time.sleep(0.005)
        delays.append(1000 * (time.perf_counter() - begun))
        time.sleep(0.1)
    stop.set()
    thread.join()
    device.close()
    return sorted(delays)


def sos(place: Place, waiting: int, alarms: int) -> list[tuple[float, int]]:
    """Seconds from sending each SOS to its event, and what still waited in the outbox then.

    Every SOS is of a device of its own: one that stands already would be found at once.
    """
    agent = place.agent(0)
    place.server.kill()
    boot = f"sos-{time.time_ns()}"
    told = messages(waiting, boot)
    flood("127.0.0.1", place.broker.port, [told[n::8] for n in range(8)])
    until(lambda: waiting_in(agent) >= waiting, what="the backlog is stored", bound_s=300)
    devices = [Device(f"{boot}-{n}", place.broker.port, boot=boot) for n in range(alarms)]
    place.server.start()
    return [_one_sos(place, agent, device) for device in devices]


def _one_sos(place: Place, agent: AgentProcess, device: Device) -> tuple[float, int]:
    query = "SELECT event_id FROM standing_alarms WHERE device_id = :device AND active"
    left, begun = waiting_in(agent), time.perf_counter()
    device.send("alarm", device.message(1, alarm="sos", active=True), wait=False)
    give_up = begun + 60
    while place.one(query, device=device.name) is None and time.perf_counter() < give_up:
        time.sleep(0.002)
    taken = time.perf_counter() - begun
    device.close()
    return taken, left


def sos_figures(found: list[tuple[float, int]]) -> dict[str, Any]:
    """Only what was sent while something waited; the fewest that waited are told beside it."""
    behind = [(taken, left) for taken, left in found if left]
    waits = sorted(taken for taken, _ in behind) or [float("nan")]
    return {
        "sos_count": len(behind),
        "sos_least_waiting": min((left for _, left in behind), default=0),
        "sos_p50_s": round(statistics.median(waits), 3),
        "sos_p99_s": round(waits[min(len(waits) - 1, int(len(waits) * 0.99))], 3),
        "sos_worst_s": round(waits[-1], 3),
    }


def measure(folder: Path, database: str, given: argparse.Namespace) -> dict[str, Any]:
    out: dict[str, Any] = {"database": "postgresql" if database else "sqlite"}
    with a_server(folder) as server:

        def run(name: str, job: Any) -> Any:
            home = folder / f"{name}-{time.time_ns()}"
            home.mkdir()
            place = Place(home, server, database)
            try:
                return job(place)
            finally:
                place.close()

        for agents in (1, 2):
            rates = [
                run("rate", lambda p, a=agents: rate(p, a, given.count))
                for _ in range(given.rounds)
            ]
            out[f"committed_per_s_{agents}"] = round(statistics.median(rates))
        for devices in given.devices:
            found = run("wall", lambda p, d=devices: wall(p, d, given.seconds))
            out[f"wall_{devices}_p50_ms"] = round(statistics.median(found), 1)
            out[f"wall_{devices}_p99_ms"] = round(found[int(len(found) * 0.99)], 1)
        waits = [
            one
            for _ in range(given.rounds)
            for one in run("sos", lambda p: sos(p, given.waiting, given.alarms))
        ]
        out["sos_behind"] = given.waiting
        out |= sos_figures(waits)
    out["load_after"] = round(os.getloadavg()[0], 1)
    return out


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="", help="PostgreSQL to use instead of SQLite.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=30_000)
    parser.add_argument("--devices", type=int, nargs="*", default=[100, 1000, 5000])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--alarms", type=int, default=40)
    arguments = parser.parse_args()
    if arguments.url:
        os.environ["XIAONAO_DATABASE__URL"] = arguments.url
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(measure(Path(name), arguments.url, arguments)))
