"""CPU milliseconds a text for ``Triager.assess``, one by one and in batches; best of three rounds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from triage.report import ReportText
from triage.shipped import datasets_dir
from triage.triager import Triager


def best_ms(work: Callable[[], object], n: int) -> float:
    rounds = []
    for _ in range(3):
        start = time.process_time()
        work()
        rounds.append(time.process_time() - start)
    return min(rounds) / n * 1000


def main() -> None:
    start = time.perf_counter()
    triager = Triager.open()
    print(f"open          {time.perf_counter() - start:.2f} s")
    file = datasets_dir() / "corpus" / "call-taker-records.jsonl"
    rows = [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
    reports = [ReportText(str(n), text) for n, text in enumerate(rows)]
    print(
        f"one by one    {best_ms(lambda: [triager.assess(r) for r in reports], len(rows)):.2f} ms"
    )
    print(f"in a batch    {best_ms(lambda: triager.assess_many(reports), len(rows)):.2f} ms")


if __name__ == "__main__":
    main()
