"""Search and lists at 100,000 reports: milliseconds of a page, SQLite or PostgreSQL.

    python benchmarks/screens/lists.py --reports 100000 [--url postgresql://user@host/empty]

Texts are the demo's made-up stories in random order; rows are written past the model.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from server.app import open_office
from server.config import Settings
from server.domain.roles import Actor, Role
from server.services import audit, reading, searching
from server.services.searching import Question
from server.store import cases, reports
from server.store.engine import writing
from server.store.events import EventFilter

HERE = Path(__file__).parents[2] / "server" / "demo" / "stories.tsv"
ME = Actor("bench", Role.SUPERVISOR)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--url", default="")
    asked = parser.parse_args()
    stories = [line.split("\t")[-1] for line in HERE.read_text("utf-8").splitlines() if line][1:]
    with tempfile.TemporaryDirectory() as folder:
        office = open_office(
            Path(folder), Settings.model_validate({"database": {"url": asked.url}})
        )
        start = time.monotonic()
        fill(office, stories, asked.reports)
        told: dict[str, object] = {
            "reports": asked.reports,
            "fill_s": round(time.monotonic() - start),
        }
        asks: dict[str, Callable[[], object]] = {
            f"search {q}": lambda q=q: searching.find(office, Question(q=q))  # type: ignore[misc]
            for q in (
                "纠纷",
                "噪音",
                "漏水 赔偿",
                "猫",
                "房东不退押金",
                "没有这个词语呀",
                "R-77777",
                "",
            )
        }
        asks["search 调解, police"] = lambda: searching.find(
            office, Question(q="调解", label="police")
        )
        deep = searching.find(office, Question(q="调解"), limit=200)
        asks["search next page"] = lambda: searching.find(
            office, Question(q="调解"), after=deep.next
        )
        asks["cases"] = lambda: reading.case_page(office, ME, limit=50)
        asks["cases closed police"] = lambda: reading.case_page(
            office, ME, status="closed", route="police", limit=50
        )
        asks["audit"] = lambda: audit.event_page(office, EventFilter())
        for name, ask in asks.items():
            told[name] = timed(ask)
        print(json.dumps(told, ensure_ascii=False, indent=1))
        office.engine.dispose()


def fill(office: object, stories: list[str], count: int) -> None:
    rng, now = random.Random(7), datetime.now(UTC)
    for begin in range(0, count, 2000):
        rows, opened = [], []
        for n in range(begin, min(begin + 2000, count)):
            at = now - timedelta(minutes=5 * (count - n))
            label = rng.choice(["police", "dispute", "service"])
            route = {"police": "police", "dispute": "mediate", "service": "service"}[label]
            opened.append(
                {
                    "id": f"c{n:025d}",
                    "opened_at": at,
                    "status": "closed" if n % 50 else "open",
                    "route": route,
                    "label": label,
                    "category": f"{label}.other",
                    "confidential": False,
                    "danger": n % 100,
                    "address": f"演示路{n % 900}号",
                    "coarse": False,
                    "version": 0,
                    "closed_at": at,
                }
            )
            rows.append(
                {
                    "id": f"r{n:025d}",
                    "source": "bench",
                    "source_id": f"R-{n}",
                    "received_at": at,
                    "taken_at": at,
                    "filed_by": "bench",
                    "text": rng.choice(stories) + rng.choice(stories),
                    "text_sealed": b"x",
                    "address": f"演示路{n % 900}号",
                    "confidential": False,
                    "label": label,
                    "category": f"{label}.other",
                    "route": route,
                    "case_id": f"c{n:025d}",
                    "answer": {},
                }
            )
        with writing(office.engine) as conn:  # type: ignore[attr-defined]
            cases_table(conn, opened)
            reports.add(conn, rows)


def cases_table(conn: object, rows: list[dict[str, object]]) -> None:
    conn.execute(cases.cases.insert(), rows)  # type: ignore[attr-defined]


def timed(ask: Callable[[], object], times: int = 9) -> float:
    """Median milliseconds."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        took.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(took), 1)


if __name__ == "__main__":
    main()
