"""Runs the paired gate over two artefacts and keeps each decision on record."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from time import thread_time
from typing import Any

from triage.artefact import read_manifest
from triage.assessment import Assessment
from triage.errors import WrongUse
from triage.registry import DECISIONS_FILE, Artefact
from triage.report import ReportText
from triage.training.corpus import Example, read_corrections
from triage.training.gate_paired import Margins, Pair, Provenance, Verdict, decide
from triage.triager import Triager

_TIMED = 40


@dataclass(frozen=True, slots=True)
class Exam:
    """``rows`` neither model may have been trained on; ``newer`` corrections the challenger
    has not seen."""

    rows: tuple[Example, ...]
    newer: int


def made_at(path: Path) -> datetime:
    """When the artefact at ``path`` was made; ``ArtefactRefused`` when its manifest is unfit."""
    return datetime.fromisoformat(str(read_manifest(path).facts["created_at"]))


def exam(golden: Path | None, corrections: Path | None, old: Artefact, new: Artefact) -> Exam:
    """The golden rows and the corrections newer than both artefacts: unseen by either."""
    rows = list(read_corrections(golden)) if golden else []
    dated = _dated(corrections) if corrections else []
    new_made = made_at(new.path)
    both = max(made_at(old.path), new_made)
    rows += [example for at, example in dated if at > both]
    return Exam(tuple(rows), sum(at > new_made for at, _ in dated))


def examine(old: Artefact, new: Artefact, paper: Exam, margins: Margins) -> Verdict:
    """Both models read every row."""
    texts = [ReportText(str(i), row.text, None) for i, row in enumerate(paper.rows)]
    before, old_ms = _read(old, texts)
    after, new_ms = _read(new, texts)
    pairs = [
        Pair(row.label, row.category or "", o, n)
        for row, o, n in zip(paper.rows, before, after, strict=True)
    ]
    made = Provenance(made_at(old.path), made_at(new.path), paper.newer)
    return decide(pairs, made, (old_ms, new_ms), margins)


def keep(folder: Path, decision: dict[str, Any]) -> None:
    """Append one decision to ``folder/decisions.jsonl``, on disk before it returns."""
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps(decision, ensure_ascii=False, sort_keys=True) + "\n"
    with (folder / DECISIONS_FILE).open("a", encoding="utf-8") as out:
        out.write(line)
        out.flush()
        os.fsync(out.fileno())


def _read(artefact: Artefact, texts: Sequence[ReportText]) -> tuple[list[Assessment], float]:
    """The model exactly as it would serve, and its median milliseconds of CPU a text, asked
    singly: what else the machine does is not the model's affair."""
    home = artefact.path.parent
    if artefact.shipped:
        triager = Triager.open(shipped=home, model=artefact.name)
    else:
        triager = Triager.open(home=home.parent, model=artefact.name)
    if triager.name != artefact.name or triager.fault:
        raise WrongUse(f"Model {artefact.name} cannot be examined: {triager.fault}")
    times = []
    for text in texts[:_TIMED]:
        started = thread_time()
        triager.assess(text)
        times.append((thread_time() - started) * 1000)
    return (triager.assess_many(texts) if texts else []), median(times) if times else 0.0


def _dated(file: Path) -> list[tuple[datetime, Example]]:
    examples = read_corrections(file)
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    times = [datetime.fromisoformat(json.loads(line)["at"]) for line in lines]
    return list(zip(times, examples, strict=True))
