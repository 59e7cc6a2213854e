"""Memory of the agent through a backlog: ``python benchmarks/edge_backlog.py [--count 200000]``.

Real Mosquitto, agent and server. A quiet agent takes 200 messages a second; then the server is
away and COUNT more come at once; then it is back and all of it goes up. Prints the agent's
resident memory in MiB, anonymous pages only and with file pages: quiet before, at the most while
the backlog comes in, at the most while it goes up, and after it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from edge_faults import a_server
from edge_rate import messages
from edge_to_server import Place, until, waiting_in

from edge.flood import flood

EVERY_S = 0.1
_LINE = re.compile(r"^(VmRSS|RssAnon):\s+(\d+) kB$", re.MULTILINE)


def resident_mib(pid: int) -> tuple[float, float]:
    """All resident pages, and the anonymous ones."""
    found = dict(_LINE.findall(Path(f"/proc/{pid}/status").read_text()))
    return int(found["VmRSS"]) / 1024, int(found["RssAnon"]) / 1024


@contextmanager
def watched(pid: int) -> Iterator[list[tuple[float, float]]]:
    """Looks all the while; the list grows until the block ends."""
    seen: list[tuple[float, float]] = [resident_mib(pid)]
    over = threading.Event()

    def look() -> None:
        while not over.wait(EVERY_S):
            seen.append(resident_mib(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def most(seen: list[tuple[float, float]]) -> list[float]:
    return [round(max(each), 1) for each in zip(*seen, strict=True)]


def middle(seen: list[tuple[float, float]]) -> list[float]:
    return [round(statistics.median(each), 1) for each in zip(*seen, strict=True)]


def quiet(place: Place, pid: int, seconds: float, name: str) -> list[float]:
    told = messages(int(200 * seconds), f"{name}-{time.time_ns()}")
    with watched(pid) as seen:
        flood("127.0.0.1", place.broker.port, [told], rate=200)
    return middle(seen[len(seen) // 2 :])


def measure(place: Place, count: int, seconds: float) -> dict[str, object]:
    agent = place.agent(0)
    assert agent.process is not None
    pid = agent.process.pid
    out: dict[str, object] = {"before_mib": quiet(place, pid, seconds, "before")}
    place.server.kill()
    told = messages(count, f"backlog-{time.time_ns()}")
    with watched(pid) as seen:
        flood("127.0.0.1", place.broker.port, [told[n::8] for n in range(8)])
        until(lambda: waiting_in(agent) >= count, what="all waits", bound_s=600)
    out["coming_in_mib"] = most(seen)
    with watched(pid) as seen:
        place.server.start()
        until(lambda: waiting_in(agent) == 0, what="all is up", bound_s=1200)
    out["going_up_mib"] = most(seen)
    out["after_mib"] = quiet(place, pid, seconds, "after")
    return out | {"count": count, "load_after": round(os.getloadavg()[0], 1)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, a_server(Path(name)) as server:
        place_ = Place(Path(name), server, "")
        try:
            print(json.dumps(measure(place_, given.count, given.seconds)))
        finally:
            place_.close()
