"""Gate and label quality on the command line: ``xiaonao-triage gate | suspects``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli_home import HOME
from triage.errors import GateFailed, ModelUnavailable, WrongUse
from triage.registry import Artefact, Registry
from triage.shipped import datasets_dir, models_dir

if TYPE_CHECKING:
    from triage.training.corpus import Example

GOLDEN_FILE = "golden.jsonl"
CORRECTIONS_FILE = "corrections.jsonl"
SUSPECTS_FILE = "suspects.jsonl"
CORRECTION_BRIEF = "corrections"
_SHOWN = 50


@click.command()
@click.argument("challenger")
@click.option("--champion", help="Model to compare with; the one that serves by default.")
@click.option("--by", default="command line", show_default=True, help="Who asks; kept on record.")
@click.option(
    "--golden",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Frozen rows {text,label,category?} no model is trained on; HOME/golden.jsonl or else"
    " the shipped ones by default.",
)
@HOME
def gate(challenger: str, champion: str | None, by: str, golden: Path | None, home: Path) -> None:
    """Compare CHALLENGER with the champion on the same rows and say whether it may serve.

    Both read the golden rows and the corrections newer than either. The decision is kept in
    HOME/models/decisions.jsonl. Exit 1 when it may not serve.

    Example: xiaonao-triage gate triage-2026.11.6 --golden golden.jsonl
    """
    registry = Registry(models_dir(), home / "models")
    new = registry.find(challenger)
    old = registry.find(champion) if champion else registry.current()
    verdict = paired(home, old, new, by=by, golden=golden)
    if verdict is None:
        raise WrongUse("Nothing to compare on; give --golden FILE or fill HOME/golden.jsonl.")
    click.echo(json.dumps(verdict, ensure_ascii=False, indent=2))
    if verdict["reasons"]:
        raise GateFailed(challenger, tuple(verdict["reasons"]))


@click.command()
@click.option(
    "--corpus",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of written texts; the shipped corpus by default.",
)
@click.option("--top", default=_SHOWN, show_default=True, help="How many likely errors to print.")
@click.option("--queue", is_flag=True, help="Also put them before people, on the console.")
@HOME
def suspects(corpus: Path | None, top: int, queue: bool, home: Path) -> None:
    """Print the labels likeliest to be wrong, one JSON object a line, the likeliest first.

    With --queue they are kept in HOME/suspects.jsonl, too: the console shows those that are
    corrections of this home to somebody who has not spoken on them.

    Example: xiaonao-triage suspects --top 100 --queue
    """
    from triage.training.corpus import read_corpus, read_corrections

    own = home / CORRECTIONS_FILE
    rows = read_corrections(own) if own.is_file() else []
    reports = _report_ids(own) if rows else {}
    rows += read_corpus(corpus or datasets_dir() / "corpus")
    lines = [_with_reports(line, reports) for line in _suspect_lines(rows, top)]
    for line in lines:
        click.echo(json.dumps(line, ensure_ascii=False))
    if queue:
        _keep_suspects(home, lines)


def _suspect_lines(rows: Sequence[Example], top: int) -> Iterator[dict[str, Any]]:
    from triage.segmenter import Segmenter
    from triage.training.suspects import conflicting_duplicates, likely_errors

    for one, other in conflicting_duplicates(rows):
        pair = {"id": rows[one].id, "label": rows[one].label, "differs_from": rows[other].id}
        yield {"why": "near_duplicate", **pair}
    for found in likely_errors(rows, Segmenter())[:top]:
        row = rows[found.number]
        line = {"why": found.why or "low_margin", "id": row.id, "label": row.label}
        yield line | {"rather": found.rather, "score": f"{found.score:.3f}", "text": row.text}


def _report_ids(own: Path) -> dict[str, str]:
    """``{example id: report id}`` of this home's corrections, numbered as they are read."""
    found = {}
    for number, text in enumerate(own.read_text("utf-8").splitlines(), 1):
        row = json.loads(text) if text.strip() else {}
        if row.get("report_id"):
            found[f"{CORRECTION_BRIEF}:{number}"] = str(row["report_id"])
    return found


def _with_reports(line: dict[str, Any], reports: Mapping[str, str]) -> dict[str, Any]:
    """A pair is shown by whichever side is a correction: who keeps the corpus sees the rest."""
    for name in ("id", "differs_from"):
        if line.get(name) in reports:
            return line | {"report_id": reports[line[name]]}
    return line


def _keep_suspects(home: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """In one step; texts stay with the reports."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    kept = [{k: v for k, v in line.items() if k != "text"} | {"at": at} for line in lines]
    draft = home / f".{SUSPECTS_FILE}.{os.getpid()}"
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept)
    draft.write_text(text, encoding="utf-8")
    draft.replace(home / SUSPECTS_FILE)


def paired(
    home: Path, old: Artefact, new: Artefact, *, by: str, golden: Path | None = None
) -> dict[str, Any] | None:
    """The paired gate's verdict, put on record; None when the golden file is empty."""
    from triage.training.gate_paired import Margins
    from triage.training.gate_run import exam, examine, keep

    own = home / CORRECTIONS_FILE
    paper = exam(golden or _golden(home), own if own.is_file() else None, old, new)
    if not paper.rows:
        return None
    verdict = examine(old, new, paper, Margins())
    at = datetime.now(UTC).isoformat(timespec="seconds")
    decision = {"kind": "gate", "at": at, "by": by, "model": new.name, "against": old.name}
    decision |= verdict.as_json()
    keep(home / "models", decision)
    return decision


def _golden(home: Path) -> Path | None:
    """The home's own frozen rows, real ones; until it has any, the shipped ones."""
    places = (home / GOLDEN_FILE, datasets_dir() / GOLDEN_FILE)
    return next((place for place in places if place.is_file()), None)


def stand_in_the_way(home: Path, old: Artefact | None, new: Artefact, by: str) -> None:
    """Raise ``GateFailed`` when the home's paired gate refuses ``new``."""
    if old is None or old.name == new.name:
        return
    try:
        verdict = paired(home, old, new, by=by)
    except ModelUnavailable as error:
        if getattr(error, "name", old.name) == new.name:
            raise
        return  # the champion itself is unfit: nothing to compare with
    if verdict is not None and verdict["reasons"]:
        raise GateFailed(new.name, tuple(verdict["reasons"]))
