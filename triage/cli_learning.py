"""The learning half of ``xiaonao-triage``: train, candidates, promote, rollback, card."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from triage.cli_evaluate import evaluate
from triage.cli_gate import gate, stand_in_the_way, suspects
from triage.cli_home import HOME
from triage.errors import GateFailed, ModelUnavailable, WrongUse
from triage.registry import Artefact, Registry
from triage.shipped import datasets_dir, models_dir

_FIGURES = (
    "n",
    "accuracy",
    "macro_f1",
    "police_recall",
    "police_miss_upper95",
    "auto_share",
    "dispute_diverted_share",
    "ece",
)
_NAME = re.compile(r"triage-(\d{4})\.(\d{1,2})\.(\d+)")

NAME = click.argument("name")
BY = click.option("--by", required=True, help="Who decides.")


def add_learning(group: click.Group) -> None:
    """Add the commands of the learning loop to ``group``."""
    judging = (evaluate, train, candidates, gate, suspects)
    for command in (*judging, promote, rollback, card, describe_datasets):
        group.add_command(command)


@click.command()
@HOME
@click.option(
    "--corrections",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Corrected reports; HOME/corrections.jsonl by default, where there is one.",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of written texts; the shipped corpus by default.",
)
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the candidate goes; HOME/models by default.",
)
@click.option("--name", help="Name of the candidate; the month's next number by default.")
@click.option(
    "--encoder",
    help="Name of the encoder to build on, or none; the newest one known by default.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the fit; kept on record.")
def train(
    home: Path,
    corrections: Path | None,
    corpus: Path | None,
    into: Path | None,
    name: str | None,
    encoder: str | None,
    seed: int,
) -> None:
    """Train a candidate from the corpus and the corrections of this home.

    Corrections are JSON Lines {text,label,category?,source,at,report_id}; HOME/corrections.jsonl
    is used where it exists. The same inputs and seed give the same model.

    Example: xiaonao-triage train --corrections corrections.jsonl
    """
    from triage.training.train import train as run

    registry = _registry(home)
    now = datetime.now(UTC)
    chosen = name or next_name(now, registry.candidates())
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", chosen):
        raise WrongUse("A name is made of letters, digits, dots and dashes; give another --name.")
    trained = run(
        chosen,
        corpus or datasets_dir() / "corpus",
        into or home / "models",
        at=now,
        corrections=_corrections(home, corrections),
        encoder=_encoder(registry, encoder),
        seed=seed,
    )
    current, objections = _against_current(registry, trained.metrics)
    answer = {
        "candidate": chosen,
        "metrics": _brief(trained.metrics),
        **current,
        "objections": list(objections),
    }
    _show(answer)


@click.command()
@HOME
def candidates(home: Path) -> None:
    """List every model known, with its figures; one JSON object a line.

    Example: xiaonao-triage candidates
    """
    from triage.training.gate import read_metrics

    registry = _registry(home)
    serving = _serving(registry)
    for artefact in registry.candidates():
        row: dict[str, Any] = {
            "name": artefact.name,
            "current": serving is not None and artefact.name == serving.name,
            "shipped": artefact.shipped,
        }
        try:
            row |= _brief(read_metrics(artefact.path))
        except ModelUnavailable as error:
            row["error"] = str(error)
        click.echo(json.dumps(row, ensure_ascii=False))


@click.command()
@NAME
@BY
@click.option("--why", required=True, help="The reason, kept on record.")
@HOME
def promote(name: str, by: str, why: str, home: Path) -> None:
    """Let model NAME serve, if it loses no police recall against the present one.

    Example: xiaonao-triage promote triage-2026.11.2 --by 李某某 --why 十一月纠正后重训
    """
    from triage.training.gate import objections, read_metrics

    registry = _registry(home)
    artefact = registry.find(name)
    _check_loads(registry, artefact)
    serving = _serving(registry)
    before = read_metrics(serving.path) if serving and serving.name != name else None
    against = objections(read_metrics(artefact.path), before)
    if against:
        raise GateFailed(name, against)
    stand_in_the_way(home, serving, artefact, by)
    registry.promote(name, by, why)
    _show({"current": name, "before": serving.name if serving else None, "by": by})


@click.command()
@BY
@click.option("--why", default="rolled back", show_default=True, help="Kept on record.")
@HOME
def rollback(by: str, why: str, home: Path) -> None:
    """Return to the model that served before.

    Example: xiaonao-triage rollback --by 李某某 --why 误判增多
    """
    registry = _registry(home)
    artefact = registry.rollback(by, why)
    _show({"current": artefact.name, "by": by})


@click.command()
@click.argument("name", required=False)
@HOME
def card(name: str | None, home: Path) -> None:
    """Print the card of model NAME, or of the one that serves.

    Example: xiaonao-triage card
    """
    registry = _registry(home)
    artefact = registry.find(name) if name else registry.current()
    click.echo((artefact.path / "card.md").read_text(encoding="utf-8"), nl=False)


@click.command("datasets", hidden=True)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def describe_datasets(folder: Path) -> None:
    """Write FOLDER/manifest.json: checksum, rows, licence and making of every corpus file.

    Example: xiaonao-triage datasets datasets
    """
    from triage.training.datasets import write_manifest

    _show({"files": write_manifest(folder)})


def next_name(now: datetime, known: tuple[Artefact, ...]) -> str:
    """``triage-YEAR.MONTH.N``: the month's next free number."""
    matches = [_NAME.fullmatch(artefact.name) for artefact in known]
    taken = [int(m[3]) for m in matches if m and (int(m[1]), int(m[2])) == (now.year, now.month)]
    return f"triage-{now.year}.{now.month:02d}.{max(taken, default=0) + 1}"


def _registry(home: Path) -> Registry:
    return Registry(models_dir(), home / "models")


def _serving(registry: Registry) -> Artefact | None:
    try:
        return registry.current()
    except ModelUnavailable:
        return None


def _corrections(home: Path, given: Path | None) -> Path | None:
    if given is not None and not given.is_file():
        raise WrongUse(f"{given} is no file; give the export of corrections.")
    usual = home / "corrections.jsonl"
    return given or (usual if usual.is_file() else None)


def _encoder(registry: Registry, name: str | None) -> Path | None:
    """The encoder of that name, the newest where none is named, None for ``none``."""
    from triage.encoder import find_encoder, known_encoders

    if name == "none":
        return None
    known = known_encoders(registry.folders())
    if name is None:
        return known[-1] if known else None
    found = find_encoder(name, registry.folders())
    if found is None:
        names = ", ".join(path.name for path in known) or "none"
        raise WrongUse(f"No encoder is named {name}; known are: {names}.")
    return found


def _against_current(
    registry: Registry, metrics: dict[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    from triage.training.gate import objections, read_metrics

    serving = _serving(registry)
    if serving is None:
        return {"current": None}, objections(metrics, None)
    before = read_metrics(serving.path)
    shown = {"current": serving.name, "current_metrics": _brief(before)}
    return shown, objections(metrics, before)


def _check_loads(registry: Registry, artefact: Artefact) -> None:
    from triage.encoded import open_model
    from triage.segmenter import Segmenter

    open_model(artefact.path, Segmenter(), registry.folders())


def _brief(metrics: dict[str, Any]) -> dict[str, Any]:
    held_out = metrics["held_out"]
    missed = {"dangerous_misses": len(held_out["dangerous_misses"])}
    return {name: held_out[name] for name in _FIGURES} | missed


def _show(row: dict[str, Any]) -> None:
    click.echo(json.dumps(row, ensure_ascii=False, indent=2))
