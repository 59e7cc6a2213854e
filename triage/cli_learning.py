"""The learning half of ``xiaonao-triage``: train, candidates, promote, rollback, card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from triage.cli_evaluate import evaluate
from triage.cli_gate import gate, stand_in_the_way, suspects
from triage.cli_home import HOME, wants_second
from triage.cli_keys import key, sign_model
from triage.cli_train import brief, registry_of, serving_in, show, train
from triage.errors import GateFailed, ModelUnavailable, WrongUse
from triage.registry import Artefact, Registry

NAME = click.argument("name")
BY = click.option("--by", required=True, help="Who decides.")


def add_learning(group: click.Group) -> None:
    """Add the commands of the learning loop to ``group``."""
    judging = (evaluate, train, candidates, gate, suspects)
    for command in (*judging, promote, rollback, card, sign_model, key, describe_datasets):
        group.add_command(command)


@click.command()
@HOME
def candidates(home: Path) -> None:
    """List every model known, with its figures; one JSON object a line.

    Example: xiaonao-triage candidates
    """
    from triage.training.gate import read_metrics

    registry = registry_of(home)
    serving = serving_in(registry)
    for artefact in registry.candidates():
        row: dict[str, Any] = {
            "name": artefact.name,
            "current": serving is not None and artefact.name == serving.name,
            "shipped": artefact.shipped,
        }
        try:
            row |= brief(read_metrics(artefact.path))
        except ModelUnavailable as error:
            row["error"] = str(error)
        click.echo(json.dumps(row, ensure_ascii=False))


@click.command()
@NAME
@BY
@click.option("--why", required=True, help="The reason, kept on record.")
@click.option("--second", default="", help="Who agrees, where the site wants two.")
@click.option("--second-why", default="", help="The second person's reason.")
@HOME
def promote(name: str, by: str, why: str, second: str, second_why: str, home: Path) -> None:
    """Let model NAME serve, if it loses no police recall against the present one.

    Example: xiaonao-triage promote triage-2026.11.2 --by 李某某 --why 十一月纠正后重训
    """
    from triage.training.gate import objections, read_metrics

    if wants_second(home) and not (second.strip() and second_why.strip()):
        raise WrongUse("Two persons decide here; give --second and --second-why.")
    registry = registry_of(home)
    artefact = registry.find(name)
    _check_loads(registry, artefact)
    serving = serving_in(registry)
    before = read_metrics(serving.path) if serving and serving.name != name else None
    against = objections(read_metrics(artefact.path), before)
    if against:
        raise GateFailed(name, against)
    stand_in_the_way(home, serving, artefact, by)
    registry.promote(name, by, why, second=second, second_why=second_why)
    show({"current": name, "before": serving.name if serving else None, "by": by})


@click.command()
@BY
@click.option("--why", default="rolled back", show_default=True, help="Kept on record.")
@HOME
def rollback(by: str, why: str, home: Path) -> None:
    """Return to the model that served before.

    Example: xiaonao-triage rollback --by 李某某 --why 误判增多
    """
    registry = registry_of(home)
    artefact = registry.rollback(by, why)
    show({"current": artefact.name, "by": by})


@click.command()
@click.argument("name", required=False)
@HOME
def card(name: str | None, home: Path) -> None:
    """Print the card of model NAME, or of the one that serves.

    Example: xiaonao-triage card
    """
    registry = registry_of(home)
    artefact = registry.find(name) if name else registry.current()
    click.echo((artefact.path / "card.md").read_text(encoding="utf-8"), nl=False)


@click.command("datasets", hidden=True)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def describe_datasets(folder: Path) -> None:
    """Write FOLDER/manifest.json: checksum, rows, licence and making of every corpus file.

    Example: xiaonao-triage datasets datasets
    """
    from triage.training.datasets import write_manifest

    show({"files": write_manifest(folder)})


def _check_loads(registry: Registry, artefact: Artefact) -> None:
    from triage.encoded import open_model
    from triage.segmenter import Segmenter

    registry.verify(artefact)
    open_model(artefact.path, Segmenter(), registry.folders())
