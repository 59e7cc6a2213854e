"""Device to server, measured: committed messages a second, position to wall, SOS behind a backlog.

Run by hand: ``python benchmarks/edge_to_server.py [--url postgresql://…]``. Real Mosquitto, agents
and server (SQLite in a folder of its own, or the database given), each a process of its own.

- ``rate``: 30,000 positions published while the agent is away, then from the first row
  in the server to the last; with one agent, and with two that share.
- ``wall``: at N devices with a position each second, from publishing a mark to the server's live
  state showing it (asked every 5 ms), p50 and p99.
- ``sos``: an SOS published while 100,000 messages wait in the outbox of an agent whose server was
  away; from the server's return to its event.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
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


def sos(place: Place, waiting: int) -> float:
    agent = place.agent(0)
    place.server.kill()
    told = messages(waiting, f"sos-{time.time_ns()}")
    flood("127.0.0.1", place.broker.port, [told[n::8] for n in range(8)])
    device = Device("bc-sos", place.broker.port, boot=f"sos-{time.time_ns()}")
    place.server.start()
    del agent
    begun = time.perf_counter()
    device.send("alarm", device.message(1, alarm="sos", active=True), wait=False)
    query = "SELECT event_id FROM standing_alarms WHERE device_id = 'bc-sos' AND active"
    until(lambda: place.one(query) is not None, what="the SOS", bound_s=60)
    taken = time.perf_counter() - begun
    device.close()
    return taken


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
        waits = sorted(run("sos", lambda p: sos(p, given.waiting)) for _ in range(given.rounds))
        out["sos_behind"] = given.waiting
        out["sos_s"] = [round(value, 3) for value in waits]
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
    arguments = parser.parse_args()
    if arguments.url:
        os.environ["XIAONAO_DATABASE__URL"] = arguments.url
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(measure(Path(name), arguments.url, arguments)))
