"""CPU milliseconds a text for the triager, one by one and in batches, beside jieba alone."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

from triage.report import ReportText
from triage.segmenter import Segmenter
from triage.shipped import datasets_dir
from triage.triager import Triager


def median_ms(work: Callable[[], object], n: int) -> float:
    rounds = []
    for _ in range(3):
        start = time.process_time()
        work()
        rounds.append(time.process_time() - start)
    return statistics.median(rounds) / n * 1000


def main() -> None:
    start = time.perf_counter()
    triager = Triager.open()
    print(f"open          {time.perf_counter() - start:.2f} s")
    file = datasets_dir() / "corpus" / "call-taker-records.jsonl"
    rows = [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
    reports = [ReportText(str(n), text) for n, text in enumerate(rows)]
    segmenter = Segmenter()
    n = len(rows)
    limit = median_ms(lambda: [segmenter.segment(text) for text in rows], n)
    singly = median_ms(lambda: [triager.assess(report) for report in reports], n)
    batched = median_ms(lambda: triager.assess_many(reports), n)
    print(f"words alone   {limit:.2f} ms  (jieba and spans: what nothing can be faster than)")
    print(f"one by one    {singly:.2f} ms")
    print(f"in a batch    {batched:.2f} ms")


if __name__ == "__main__":
    main()
