"""From a report to a committed assignment over HTTP, with many reports open already.

Run by hand: ``python benchmarks/intake_latency.py [--open 10000] [--reports 300] [--url
postgresql://…]``. Makes a home with ``--open`` open cases of police and service (nobody is
waiting in front), starts a real server, and files disputes one after the other; each answer
already holds the assignment that was committed. A unit is free for each: after each answer the
case is closed, outside the time taken. Without ``--url`` the store is SQLite. Prints one JSON
object: milliseconds p50, p99, how many answers held an assignment, and the load of the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import insert

from server.app import open_office
from server.config import Settings
from server.domain.geo import Place
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts, roster
from server.services.ids import new_id
from server.store.engine import writing
from server.store.tables import cases, reports

ADMIN = Actor("admin", Role.ADMIN)
SCENE = Place(30.42, 120.30)
TEXT = "报警人称楼上漏水把家里天花板泡坏了，与楼上业主协商赔偿不成，要求调解"


def fill(office: Office, count: int) -> None:
    """Open cases with one report each, as old as two months."""
    now = datetime.now(UTC)
    made_cases, made_reports = [], []
    for number in range(count):
        at = now - timedelta(days=60) * (number / count)
        case_id, report_id = new_id(at), new_id(at)
        made_cases.append(case_row(case_id, at, number))
        made_reports.append(report_row(office, report_id, case_id, at, number))
    with writing(office.engine) as conn:
        for begin in range(0, count, 500):
            conn.execute(insert(cases), made_cases[begin : begin + 500])
            conn.execute(insert(reports), made_reports[begin : begin + 500])


def case_row(case_id: str, at: datetime, number: int) -> dict[str, object]:
    return {
        "id": case_id,
        "opened_at": at,
        "status": "open",
        "route": "police" if number % 2 else "service",
        "label": "police" if number % 2 else "service",
        "category": None,
        "confidential": False,
        "danger": 80 if number % 2 else 2,
        "coarse": False,
        "lat": SCENE.lat + (number % 100) / 2000,
        "lon": SCENE.lon + (number // 100 % 100) / 2000,
        "version": 0,
    }


def report_row(
    office: Office, report_id: str, case_id: str, at: datetime, number: int
) -> dict[str, object]:
    return {
        "id": report_id,
        "source": "made-up",
        "source_id": f"M{number}",
        "received_at": at,
        "taken_at": at,
        "filed_by": "made-up",
        "text": TEXT,
        "text_sealed": office.vault.seal(TEXT),
        "phone_key": office.vault.key("phone", f"1000001{number:04d}"),
        "confidential": False,
        "label": "police" if number % 2 else "service",
        "route": "police" if number % 2 else "service",
        "case_id": case_id,
        "answer": {},
    }


def measure(url: str, token: str, desk: str, count: int) -> tuple[list[float], int]:
    """Milliseconds of each report, and how many answers held an assignment."""
    taken, assigned = [], 0
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60, trust_env=False) as http:
        intake = {"Authorization": f"Bearer {token}"}
        room = {"Authorization": f"Bearer {desk}"}
        for number in range(count):
            body = {
                "source": "bench",
                "source_id": f"B{number}",
                "received_at": datetime.now(UTC).isoformat(),
                "text": TEXT,
                "location": {"lat": SCENE.lat, "lon": SCENE.lon, "crs": "WGS-84"},
                "caller": {"name": "张某某", "phone": f"1000000{number:04d}"},
            }
            begun = time.perf_counter()
            answer = http.post("/reports", json=body, headers=intake)
            taken.append((time.perf_counter() - begun) * 1000)
            answer.raise_for_status()
            case = answer.json()["case"]
            assigned += case["assignment"] is not None
            end = {"disposition": "withdrawn", "key": f"close-{number}"}
            http.post(f"/cases/{case['id']}/close", json=end, headers=room).raise_for_status()
    return taken, assigned


def run(home: Path, database: str, open_reports: int, count: int) -> dict[str, object]:
    tables = f'[database]\nurl = "{database}"\n' if database else ""
    (home / "xiaonao.toml").write_text(tables, "utf-8")
    office = open_office(home, Settings.model_validate({"database": {"url": database}}))
    for number in range(20):
        place = Place(SCENE.lat + number / 2000, SCENE.lon)
        roster.add_unit(
            office, f"u{number}", name=f"u{number}", point="a", place=place, actor=ADMIN
        )
    token = accounts.create_token(office, "bench", Role.INTAKE)
    desk = accounts.create_token(office, "desk", Role.DISPATCHER)
    fill(office, open_reports)
    kind = office.engine.dialect.name
    office.engine.dispose()
    command = [sys.executable, "-c", "from server.cli.main import main; main()"]
    serve = ["serve", "--home", str(home), "--http", "127.0.0.1:0"]
    process = subprocess.Popen([*command, *serve], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = next(w for w in process.stdout.readline().split() if w.startswith("http"))
        measure(url, token, desk, 0)
        taken, assigned = measure(url, token, desk, count)
    finally:
        process.terminate()
        process.wait(60)
    spread = statistics.quantiles(taken, n=100)
    return {
        "store": kind,
        "open_before": open_reports,
        "reports": count,
        "assigned": assigned,
        "p50_ms": round(spread[49], 1),
        "p99_ms": round(spread[98], 1),
        "load": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--open", type=int, default=10_000)
    parser.add_argument("--reports", type=int, default=300)
    parser.add_argument("--url", default="", help="an empty PostgreSQL database")
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(run(Path(folder), said.url, said.open, said.reports)))
