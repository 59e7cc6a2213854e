"""Gate and label quality on the command line: ``xiaonao-triage gate | suspects``."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from triage.cli_home import HOME
from triage.errors import GateFailed, ModelUnavailable, WrongUse
from triage.registry import Artefact, Registry
from triage.shipped import datasets_dir, models_dir

GOLDEN_FILE = "golden.jsonl"
CORRECTIONS_FILE = "corrections.jsonl"
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
@HOME
def suspects(corpus: Path | None, top: int, home: Path) -> None:
    """Print the labels likeliest to be wrong, one JSON object a line, the likeliest first.

    Example: xiaonao-triage suspects --top 100
    """
    from triage.segmenter import Segmenter
    from triage.training.corpus import read_corpus, read_corrections
    from triage.training.suspects import conflicting_duplicates, likely_errors

    own = home / CORRECTIONS_FILE
    rows = read_corrections(own) if own.is_file() else []
    rows += read_corpus(corpus or datasets_dir() / "corpus")
    for one, other in conflicting_duplicates(rows):
        pair = {"id": rows[one].id, "label": rows[one].label, "differs_from": rows[other].id}
        click.echo(json.dumps({"why": "near_duplicate", **pair}, ensure_ascii=False))
    for found in likely_errors(rows, Segmenter())[:top]:
        row = rows[found.number]
        line = {"why": found.why or "low_margin", "id": row.id, "label": row.label}
        line |= {"rather": found.rather, "score": f"{found.score:.3f}", "text": row.text}
        click.echo(json.dumps(line, ensure_ascii=False))


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
    with tempfile.TemporaryDirectory(prefix="gate-") as folder:
        verdict = examine(Path(folder), old, new, paper, Margins())
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
