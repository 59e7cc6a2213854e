"""How soon every server process judges with a promoted model, and whether a request fails.

Two `xiaonao serve` processes on one new home; clients post reports to both while an equal copy of
the shipped model is promoted and rolled back. The gate is not part of what is timed.

    python benchmarks/learning/promotion.py
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from triage.artefact import seal_of
from triage.registry import Registry
from triage.shipped import models_dir
from triage.signing import vouch

PROGRAM = [sys.executable, "-c", "from server.cli.main import main; main()"]
NAME = "copy-1"
TEXT = "楼上漏水把我家吊顶泡坏了，要求来人调解"


class Client(threading.Thread):
    """Posts one report after the other to one server; remembers which model judged when."""

    def __init__(self, url: str, token: str, number: int, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.url, self.token, self.number, self.stop = url, token, number, stop
        self.seen: list[tuple[float, float, str]] = []
        self.failed = 0

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=60) as web:
            count = 0
            while not self.stop.is_set():
                count += 1
                body = {"source": "bench", "source_id": f"{self.number}-{count}", "text": TEXT}
                body["received_at"] = datetime.now(UTC).isoformat()
                asked = time.monotonic()
                try:
                    answer = web.post("/api/v1/reports", json=body)
                    model = str(answer.json()["assessment"]["model"])
                    self.seen.append((time.monotonic(), time.monotonic() - asked, model))
                except (httpx.HTTPError, KeyError, TypeError, ValueError):
                    self.failed += 1


def serve(home: Path) -> tuple[subprocess.Popen[str], str]:
    server = subprocess.Popen(
        [*PROGRAM, "serve", "--home", str(home), "--http", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    for line in server.stdout:
        if line.startswith("listening "):
            return server, line.split()[1]
    raise SystemExit("a server did not start")


def command(home: Path, *words: str) -> str:
    done = subprocess.run(
        [*PROGRAM, *words, "--home", str(home)], capture_output=True, text=True, check=True
    )
    return done.stdout


def place(home: Path) -> None:
    path = home / "models" / NAME
    shutil.copytree(Registry(models_dir()).current().path, path)
    facts = json.loads((path / "manifest.json").read_text("utf-8")) | {"name": NAME}
    (path / "manifest.json").write_text(json.dumps(facts | {"seal": seal_of(facts)}), "utf-8")
    vouch(home, path, datetime.now(UTC))


def until_all(clients: list[Client], model: str, since: float, bound_s: float = 120) -> float:
    """Seconds until the first answer of ``model`` from the slowest server; ``SystemExit`` when
    one has not answered so within ``bound_s``."""
    end = time.monotonic() + bound_s
    while time.monotonic() < end:
        firsts: dict[str, float] = {}
        for client in clients:
            for at, _, said in list(client.seen):
                if at > since and said == model:
                    firsts[client.url] = min(at, firsts.get(client.url, at))
        if len(firsts) == len({client.url for client in clients}):
            return max(firsts.values()) - since
        time.sleep(0.02)
    raise SystemExit(f"not every server judged by {model} within {bound_s:.0f} s")


def measure(home: Path, clients: list[Client]) -> dict[str, object]:
    shipped = Registry(models_dir()).current().name
    registry = Registry(models_dir(), home / "models")
    until_all(clients, shipped, 0.0)
    time.sleep(3)
    started = time.monotonic()
    registry.promote(NAME, "bench", "bench")
    promoted_s = until_all(clients, NAME, started)
    time.sleep(3)
    started = time.monotonic()
    registry.rollback("bench", "bench")
    back_s = until_all(clients, shipped, started)
    waits = sorted(wait for client in clients for _, wait, _ in client.seen)
    return {
        "promoted_everywhere_s": round(promoted_s, 2),
        "rolled_back_everywhere_s": round(back_s, 2),
        "requests": len(waits),
        "failed": sum(client.failed for client in clients),
        "p50_ms": round(waits[len(waits) // 2] * 1000),
        "slowest_ms": round(waits[-1] * 1000),
    }


@contextmanager
def two_servers(folder: Path, clients_each: int) -> Iterator[tuple[Path, list[Client]]]:
    """A home with a second model, two servers on it, and clients that post to both."""
    home, stop = folder / "var", threading.Event()
    command(home, "init", "--quiet")
    token = command(home, "token", "create", "--role", "intake").split()[-1]
    place(home)
    servers = [serve(home) for _ in range(2)]
    urls = [url for _, url in servers for _ in range(clients_each)]
    clients = [Client(url, token, number, stop) for number, url in enumerate(urls)]
    try:
        for client in clients:
            client.start()
        yield home, clients
    finally:
        stop.set()
        for client in clients:
            client.join(60)
        for server, _ in servers:
            server.terminate()
            server.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=2, help="for each server")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        two_servers(Path(folder), asked.clients) as (home, clients),
    ):
        found = measure(home, clients)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
