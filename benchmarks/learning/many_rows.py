"""Training on many rows: minutes, peak memory, and what was kept.

    python benchmarks/learning/many_rows.py [--rows 50000] [--encoder none]

The written corpus and as many made-up corrections as are missing to ``--rows``: parts of two texts
of one leaf joined, so none of them repeats another. Their labels are as good as the corpus' and
their language is not new, so figures of the model say nothing here; time and memory do. One
run of ``xiaonao-triage train`` in a process of its own; prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from triage.shipped import datasets_dir
from triage.training.corpus import Example, read_corpus

CLAUSE = re.compile(r"(?<=[，。；！？,;!?])")
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE_ASKING = 6
"""Tries for a text not made before."""


def part(text: str, chance: random.Random) -> str:
    clauses = [clause for clause in CLAUSE.split(text) if clause]
    start = chance.randrange(len(clauses))
    return "".join(clauses[start : start + chance.randint(1, len(clauses))])


def corrections(
    examples: Sequence[Example], count: int, chance: random.Random
) -> Iterator[dict[str, Any]]:
    by_leaf: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    for example in examples:
        by_leaf[str(example.label), example.category].append(example.text)
    seen: set[str] = set()
    for number in range(count):
        example = chance.choice(examples)
        own = by_leaf[str(example.label), example.category]
        for _ in range(BEFORE_ASKING):
            text = part(example.text, chance) + part(chance.choice(own), chance)
            if text not in seen:
                break
        seen.add(text)
        yield {
            "text": text,
            "label": str(example.label),
            "category": example.category,
            "source": "correction",
            "at": (FIRST + timedelta(minutes=7 * number)).isoformat(),
            "report_id": f"made-up-{number}",
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--encoder", default="", help="none for words alone")
    asked = parser.parse_args()
    corpus = datasets_dir() / "corpus"
    examples = read_corpus(corpus)
    rows = list(corrections(examples, asked.rows - len(examples), random.Random(0)))
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "corrections.jsonl"
        told = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        file.write_text("".join(told), encoding="utf-8")
        command = [str(Path(sys.executable).with_name("xiaonao-triage")), "train"]
        command += ["--home", name, "--corrections", str(file), "--name", "triage-many.1"]
        command += ["--encoder", asked.encoder] if asked.encoder else []
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        minutes = (time.perf_counter() - begun) / 60
        manifest = Path(name) / "models" / "triage-many.1" / "manifest.json"
        training = json.loads(manifest.read_text(encoding="utf-8"))["training"]
        size = sum(path.stat().st_size for path in manifest.parent.iterdir())
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = {
        "asked": asked.rows,
        "rows": training["rows"],
        "minutes": round(minutes, 1),
        "processor_minutes": round((used.ru_utime + used.ru_stime) / 60, 1),
        "peak_mib": used.ru_maxrss // 1024,
        "artefact_mib": round(size / 2**20, 1),
        "cores": os.cpu_count(),
        "load_after": round(os.getloadavg()[0], 1),
    }
    print(json.dumps(out))


if __name__ == "__main__":
    main()
