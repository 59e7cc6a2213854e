"""The paired gate on real models: a good challenger passes, each bad kind is refused by name."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from triage.artefact import seal_of
from triage.cli import cli
from triage.cli_learning import add_learning
from triage.registry import DECISIONS_FILE, Artefact, Registry
from triage.shipped import datasets_dir, models_dir
from triage.signing import vouch
from triage.training.gate_paired import Margins, Verdict
from triage.training.gate_run import Exam, exam, examine
from triage.training.paired import lowest_change, mean_bound, worse_p
from triage.training.train import train

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
Rows = list[dict[str, Any]]
Change = Callable[[Rows], Rows]


def rows_of(start: int) -> Rows:
    """Every twentieth row of each shipped file from ``start`` on: 0 is what ``trained`` learnt."""
    lines = [
        file.read_text(encoding="utf-8").splitlines()[start::20]
        for file in sorted((datasets_dir() / "corpus").glob("*.jsonl"))
    ]
    return [json.loads(line) for part in lines for line in part]


def write(file: Path, rows: Rows) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return file


def shuffled(rows: Rows) -> Rows:
    labels = [(row["label"], row["category"]) for row in rows]
    random.Random(7).shuffle(labels)
    return [r | {"label": la, "category": c} for r, (la, c) in zip(rows, labels, strict=True)]


def without_service(rows: Rows) -> Rows:
    return [row for row in rows if row["label"] != "service"]


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [*rows_of(4), *rows_of(12)]
    return write(tmp_path_factory.mktemp("golden") / "golden.jsonl", rows)


@pytest.fixture
def models(trained: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    shutil.copytree(trained, folder / trained.name)
    vouch(tmp_path, folder / trained.name, AT)
    return folder


def learnt(models: Path, change: Change) -> Artefact:
    corpus = models.parent / "corpus"
    write(corpus / "rows.jsonl", change(rows_of(0)))
    made = train("triage-test.2", corpus, models, at=AT).path
    vouch(models.parent, made, AT)
    return Artefact(made.name, made, shipped=False)


def reseal(file: Path, changes: dict[str, Any]) -> None:
    """A manifest as if the artefact had been made that way."""
    facts = json.loads(file.read_text(encoding="utf-8")) | changes
    file.write_text(json.dumps(facts | {"seal": seal_of(facts)}), encoding="utf-8")


def altered(models: Path, **changes: Any) -> Artefact:
    """A copy of the champion under another name, its manifest's facts changed."""
    path = models / "triage-test.2"
    shutil.copytree(models / "triage-test.1", path)
    file = path / "manifest.json"
    reseal(file, {"name": path.name} | changes)
    vouch(models.parent, path, AT)
    return Artefact(path.name, path, shipped=False)


def verdict(models: Path, golden: Path, new: Artefact, tmp_path: Path, **margins: Any) -> Verdict:
    old = Artefact("triage-test.1", models / "triage-test.1", shipped=False)
    paper = exam(golden, None, old, new)
    assert len(paper.rows) > 500
    return examine(old, new, paper, Margins(**margins))


def test_an_equal_challenger_passes(models: Path, golden: Path, tmp_path: Path) -> None:
    made = verdict(models, golden, altered(models), tmp_path)
    assert made.passed, made.reasons
    assert made.figures["accuracy"][0] == made.figures["accuracy"][1] > 0.6


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (shuffled, "police recall may fall"),
        (without_service, "class dropped: it never says service"),
    ],
)
def test_a_challenger_taught_wrongly_is_refused(
    models: Path, golden: Path, tmp_path: Path, change: Change, reason: str
) -> None:
    made = verdict(models, golden, learnt(models, change), tmp_path)
    assert any(reason in line for line in made.reasons), made.reasons


def test_lowered_thresholds_are_refused(models: Path, golden: Path, tmp_path: Path) -> None:
    facts = json.loads((models / "triage-test.1/manifest.json").read_text(encoding="utf-8"))
    low = {"mediate_at": 0.35, "service_at": 0.35, "police_below": 0.9, "police_at": 0.95}
    thresholds = facts["thresholds"] | {"values": facts["thresholds"]["values"] | low}
    made = verdict(models, golden, altered(models, thresholds=thresholds), tmp_path)
    assert any("handed on unseen" in line for line in made.reasons), made.reasons


def test_stale_data_are_refused(models: Path, golden: Path, tmp_path: Path) -> None:
    old = altered(models, created_at="2026-01-01T00:00:00+00:00")
    made = verdict(models, golden, old, tmp_path)
    assert made.reasons == ("stale data: it was made before the model that serves",)


def test_a_slow_challenger_is_refused(models: Path, golden: Path, tmp_path: Path) -> None:
    made = verdict(models, golden, altered(models), tmp_path, ms=0.0001, slower=0.5)
    assert [line for line in made.reasons if line.startswith("too slow")]


def test_corrections_newer_than_both_are_examined(models: Path, tmp_path: Path) -> None:
    new = altered(models)
    old = Artefact("triage-test.1", models / "triage-test.1", shipped=False)
    rows = [
        {"text": "楼上漏水要赔", "label": "dispute", "at": f"{year}-01-01T00:00:00+00:00"}
        for year in (2025, 2027)
    ]
    paper = exam(None, write(tmp_path / "corrections.jsonl", rows), old, new)
    assert isinstance(paper, Exam)
    assert (len(paper.rows), paper.newer) == (1, 1)


def test_rows_without_a_police_text_say_nothing_of_police_recall(
    models: Path, tmp_path: Path
) -> None:
    """One fresh correction must not stop every promotion of a street that keeps no golden rows."""
    old = Artefact("triage-test.1", models / "triage-test.1", shipped=False)
    row = {"text": "楼上漏水要赔", "label": "dispute", "at": "2027-01-01T00:00:00+00:00"}
    paper = exam(None, write(tmp_path / "corrections.jsonl", [row]), old, old)
    made = examine(old, altered(models), paper, Margins())
    assert made.figures["n"] == 1
    assert made.passed, made.reasons


def test_a_correction_read_within_the_second_of_training_is_not_newer(
    models: Path, tmp_path: Path
) -> None:
    corpus = models.parent / "corpus"
    write(corpus / "rows.jsonl", rows_of(0))
    at = AT.replace(microsecond=900_000)
    made = train("triage-test.3", corpus, models, at=at).path
    new = Artefact(made.name, made, shipped=False)
    read = AT.replace(microsecond=800_000)
    row = {"text": "楼上漏水要赔", "label": "dispute", "at": read.isoformat()}
    paper = exam(None, write(tmp_path / "corrections.jsonl", [row]), new, new)
    assert (paper.rows, paper.newer) == ((), 0)


def test_promotion_stops_at_the_gate_and_both_decisions_are_kept(
    models: Path, golden: Path
) -> None:
    home = models.parent
    Registry(models, models).promote("triage-test.1", "李某某", "开始")
    shutil.copy(golden, home / "golden.jsonl")
    altered(models, created_at="2026-01-01T00:00:00+00:00")
    asked = ["promote", "triage-test.2", "--by", "李某某", "--why", "试", "--home", str(home)]
    add_learning(cli)
    refused = CliRunner().invoke(cli, asked)
    assert refused.exit_code != 0
    assert "stale data" in str(refused.output) + str(refused.exception)
    assert Registry(models, models).current().name == "triage-test.1"
    line = json.loads((models / DECISIONS_FILE).read_text(encoding="utf-8"))
    assert (line["model"], line["by"], line["passed"]) == ("triage-test.2", "李某某", False)


def test_a_copy_of_the_shipped_model_is_examined_in_a_home(golden: Path, tmp_path: Path) -> None:
    """Its encoder stays with the shipped ones; the copy must still find it."""
    old = Registry(models_dir()).current()
    copy = tmp_path / "models" / "copy-1"
    shutil.copytree(old.path, copy)
    reseal(copy / "manifest.json", {"name": "copy-1"})
    vouch(tmp_path, copy, AT)
    few = write(tmp_path / "few.jsonl", rows_of(4)[:60])
    new = Artefact("copy-1", copy, shipped=False)
    paper = exam(few, None, old, new)
    made = examine(old, new, paper, Margins(police_recall=1.0))
    assert made.passed, made.reasons


def test_mcnemar_is_exact() -> None:
    assert worse_p(0, 0) == 1.0
    assert worse_p(5, 0) == pytest.approx(1 / 32)
    assert worse_p(0, 5) == 1.0


def test_the_bound_of_a_paired_change() -> None:
    assert lowest_change(0, 0, 0) == -1.0
    assert lowest_change(0, 0, 100) > -0.02 > lowest_change(0, 0, 40)
    assert lowest_change(0, 40, 100) > 0.2
    assert mean_bound([]) == (0.0, 0.0)
    assert mean_bound([1.0, 1.0]) == (1.0, 1.0)
