# ruff: noqa: E501 - long lines of requests read better whole
"""From a report to what people see, with many screens open: each follows the stream and fetches.

    python benchmarks/screens/many_screens.py --walls 120 --consoles 60 --phones 20 --reports 30

A server of its own (one process, SQLite) on loopback; every screen holds one stream and, when an
event comes, fetches what its page fetches (0.7 s apart at the soonest, as ``page.js`` does). The
time counts from before ``POST /reports`` until the new case is in a screen's page: on walls and
consoles for every report, on phones for those of their unit. The screens share this machine with
the server, so their own work is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import re
import statistics
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from server.app import open_office
from server.config import Settings
from server.domain.geo import Place
from server.domain.roles import Actor, Role
from server.services import accounts, roster
from server.web.auth import COOKIE
from server.web.flask_app import create_web
from server.web.server import WebServer

GAP_S = 0.7
TEXT = "报警人称楼上漏水把家里天花板泡坏了，与楼上业主协商赔偿不成，要求调解"


@dataclass
class Seen:
    """When each case was first seen, by kind of screen."""

    at: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    fetches: int = 0
    refused: int = 0

    def note(self, kind: str, case_id: str, when: float) -> None:
        self.at.setdefault(kind, {}).setdefault(case_id, []).append(when)


async def fetch(port: int, path: str, cookie: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    writer.write(
        f"GET {path} HTTP/1.0\r\nHost: x\r\nAccept: text/html\r\nCookie: {COOKIE}={cookie}\r\n\r\n".encode()
    )
    body = await reader.read()
    writer.close()
    return body.decode("utf-8", "replace")


async def screen(
    port: int, kind: str, path: str, cookie: str, seen: Seen, stop: asyncio.Event
) -> None:
    """One screen: a stream, and a fetch after events, as page.js does it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    writer.write(
        f"GET /api/v1/stream HTTP/1.1\r\nHost: x\r\nCookie: {COOKIE}={cookie}\r\n\r\n".encode()
    )
    if b"200" not in await reader.readline():
        seen.refused += 1
        return
    known: set[str] = set()
    wanted = asyncio.Event()

    async def follow() -> None:
        last = 0.0
        while not stop.is_set():
            await wanted.wait()
            await asyncio.sleep(max(0.0, last + GAP_S - time.monotonic()))
            wanted.clear()
            last = time.monotonic()
            seen.fetches += 1
            page = await fetch(port, path, cookie)
            now = time.monotonic()
            for case_id in set(re.findall(r"[0-9A-HJKMNP-TV-Z]{26}", page)) - known:
                known.add(case_id)
                seen.note(kind, case_id, now)

    task = asyncio.create_task(follow())
    while not stop.is_set():
        line = await reader.readline()
        if not line:
            break
        if line.startswith(b"event: ") and line.strip() not in (
            b"event: units",
            b"event: hello",
            b"event: version",
        ):
            wanted.set()
    task.cancel()
    writer.close()


def post(url: str, token: str, number: int) -> str:
    body = {
        "source": "bench", "source_id": f"b{number}", "received_at": datetime.now(UTC).isoformat(),
        "text": TEXT, "address": f"演示路{number}号",
        "location": {"lat": 30.42 + number * 1e-4, "lon": 120.30, "crs": "WGS-84"},
        "caller": {"name": "李某某", "phone": f"1000{number:07d}"},
    }  # fmt: skip
    request = urllib.request.Request(
        f"{url}/api/v1/reports",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["report"]["case_id"])


async def play(
    server: WebServer, cookies: dict[str, list[str]], token: str, asked: argparse.Namespace
) -> dict[str, object]:
    seen, stop = Seen(), asyncio.Event()
    paths = {"wall": "/?part=stage", "console": "/console?part=queue", "phone": "/m"}
    tasks = [
        asyncio.create_task(screen(server.port, kind, paths[kind], cookie, seen, stop))
        for kind, many in cookies.items()
        for cookie in many
    ]
    await asyncio.sleep(3)
    sent: dict[str, float] = {}
    took = []
    for number in range(asked.reports):
        start = time.monotonic()
        case_id = await asyncio.to_thread(post, server.url, token, number)
        took.append(time.monotonic() - start)
        sent[case_id] = start
        await asyncio.sleep(asked.every)
    await asyncio.sleep(5)
    stop.set()
    for task in tasks:
        task.cancel()
    told: dict[str, object] = {
        "screens": sum(map(len, cookies.values())),
        "refused": seen.refused,
        "fetches": seen.fetches,
    }
    told["intake_ms"] = spread(took)
    for kind, many in cookies.items():
        waits = [
            when - sent[c]
            for c, times in seen.at.get(kind, {}).items()
            if c in sent
            for when in times
        ]
        told[f"{kind}_ms"] = spread(waits)
        if kind != "phone":
            told[f"{kind}_missed"] = len(sent) * len(many) - len(waits)
    return told


def spread(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"n": len(values)}
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {
        "n": len(values),
        "p50": round(cuts[49] * 1000),
        "p99": round(cuts[98] * 1000),
        "max": round(max(values) * 1000),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walls", type=int, default=120)
    parser.add_argument("--consoles", type=int, default=60)
    parser.add_argument("--phones", type=int, default=20)
    parser.add_argument("--reports", type=int, default=30)
    parser.add_argument("--every", type=float, default=2.0, help="Seconds between reports.")
    asked = parser.parse_args()
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        office = open_office(Path(folder), Settings())
        admin = Actor("bench", Role.ADMIN)
        for n in range(40):
            roster.add_unit(
                office,
                f"u{n}",
                name=f"演示{n}组",
                point="顺达",
                place=Place(30.42 + n * 1e-3, 120.3),
                actor=admin,
            )
        people = {
            "wall": accounts.create_user(office, "wall", "made-up-password", Role.SUPERVISOR),
            "console": accounts.create_user(office, "console", "made-up-password", Role.DISPATCHER),
        }
        cookies = {
            kind: [accounts.open_session(office, user) for _ in range(n)]
            for (kind, user), n in zip(people.items(), (asked.walls, asked.consoles), strict=True)
        }
        cookies["phone"] = [
            accounts.open_session(
                office,
                accounts.create_user(office, f"m{n}", "made-up-password", Role.MEDIATOR, f"u{n}"),
            )
            for n in range(asked.phones)
        ]
        token = accounts.create_token(office, "bench", Role.INTAKE)
        office.judge.assess_many([])
        server = WebServer(create_web(office), office, host="127.0.0.1", port=0)
        thread = threading.Thread(target=server.serve)
        thread.start()
        post(server.url, token, 999)  # the model is loaded by the first one
        try:
            print(
                json.dumps(
                    asyncio.run(play(server, cookies, token, asked)), ensure_ascii=False, indent=1
                )
            )
        finally:
            server.stop()
            thread.join(15)


if __name__ == "__main__":
    main()
