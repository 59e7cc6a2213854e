"""Memory of the agent over a soak: ``python benchmarks/edge_soak.py [--minutes 20] [--rate 1000]``.

Real Mosquitto, agent and server; positions of 50 devices at a steady rate. Prints the agent's
resident memory each minute, and at the end one JSON object: the median of the second fifth and of
the last, in MiB. Flat means: the last is no more than a tenth above.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from edge_faults import a_server
from edge_to_server import Place

from edge.flood import flood
from edge.load import Load, lane


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20


def soak(place: Place, minutes: float, rate: int) -> dict[str, float]:
    agent = place.agent(0)
    assert agent.process is not None
    asked = Load(devices=50, rate=rate, seconds=minutes * 60, boot="soak", linger_s=0)
    lanes = [lane(asked, n, 4, lambda: datetime.now(UTC)) for n in range(4)]
    words, how = ("127.0.0.1", place.broker.port, lanes), {"rate": float(rate)}
    thread = threading.Thread(target=flood, args=words, kwargs=how)
    thread.start()
    seen: list[float] = []
    end, next_print = time.monotonic() + minutes * 60, time.monotonic()
    while time.monotonic() < end:
        seen.append(resident_mib(agent.process.pid))
        if time.monotonic() >= next_print:
            next_print += 60
            print(f"{seen[-1]:.1f} MiB", file=sys.stderr, flush=True)
        time.sleep(1)
    thread.join()
    fifth = max(1, len(seen) // 5)
    early, late = statistics.median(seen[fifth : 2 * fifth]), statistics.median(seen[-fifth:])
    return {"minutes": minutes, "rate": rate, "early_mib": early, "late_mib": late}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, a_server(Path(name)) as server:
        place_ = Place(Path(name), server, "")
        try:
            print(json.dumps(soak(place_, given.minutes, given.rate)))
        finally:
            place_.close()
