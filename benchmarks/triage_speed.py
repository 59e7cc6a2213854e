"""From text to route on one core: with the encoder, by words alone, jieba alone; memory, opening.

    python benchmarks/triage_speed.py [encoder.onnx of an unpruned float encoder to compare]

CPU time, medians of rounds; texts cut or joined to sixty characters.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from triage.encoder import Encoder, known_encoders
from triage.model import LinearModel
from triage.registry import Registry
from triage.report import ReportText
from triage.segmenter import Segmenter
from triage.shipped import datasets_dir, models_dir
from triage.triager import Triager

N = 200
CHARS = 60


def median_ms(work: Callable[[], object], n: int) -> float:
    rounds = []
    for _ in range(3):
        start = time.process_time()
        work()
        rounds.append(time.process_time() - start)
    return statistics.median(rounds) / n * 1000


def one_by_one(judge: Callable[[str], object], texts: list[str]) -> float:
    spent = []
    for text in texts:
        start = time.process_time()
        judge(text)
        spent.append((time.process_time() - start) * 1000)
    return statistics.median(spent)


def texts_of(chars: int) -> list[str]:
    file = datasets_dir() / "corpus" / "call-taker-records.jsonl"
    rows = [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
    return [(row * (chars // len(row) + 1))[:chars] for row in rows[:N]]


def main() -> None:
    start = time.perf_counter()
    triager = Triager.open()
    triager.assess(ReportText("0", "楼上漏水不肯赔"))
    print(f"opened, first text judged  {time.perf_counter() - start:.2f} s, model {triager.name}")
    texts = texts_of(CHARS)
    reports = [ReportText(str(n), text) for n, text in enumerate(texts)]
    segmenter = Segmenter()
    linear = LinearModel.open(Registry(models_dir()).current().path, segmenter)
    print(f"words alone, jieba         {one_by_one(segmenter.segment, texts):.2f} ms")
    print(f"linear path, one by one    {one_by_one(lambda t: linear.judge([t]), texts):.2f} ms")
    print(f"linear path, in a batch    {median_ms(lambda: linear.judge(texts), N):.2f} ms")
    print(f"whole, one by one          {one_by_one(triager.assess, reports):.2f} ms")
    batch = median_ms(lambda: triager.assess_many(reports), N)
    print(f"whole, in a batch          {batch:.2f} ms ({1000 / batch:.0f} texts a second)")
    if len(sys.argv) > 1:
        compare_float(Path(sys.argv[1]), texts)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this run    {peak:.0f} MiB (two linear models and two segmenters)")


def compare_float(file: Path, texts: list[str]) -> None:
    from triage.artefact import open_session

    encoder = Encoder.open(known_encoders([models_dir()])[-1])
    session = open_session(file)
    ids = [np.array([encoder.pieces.encode(text, most=128)]) for text in texts]
    feeds = iter([{"ids": row, "mask": np.ones(row.shape, np.int32)} for row in ids])
    spent = one_by_one(lambda _: session.run(["vectors"], next(feeds)), texts)
    print(f"float encoder alone        {spent:.2f} ms")
    print(f"8-bit encoder alone        {one_by_one(lambda t: encoder.vectors([t]), texts):.2f} ms")


if __name__ == "__main__":
    main()
