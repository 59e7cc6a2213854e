"""Training on the command line: ``xiaonao-triage train``."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage import attended as watched
from triage import signing
from triage.cli_home import HOME
from triage.errors import ModelUnavailable, TooBig, WrongUse
from triage.registry import Artefact, Registry
from triage.shipped import datasets_dir, models_dir

if TYPE_CHECKING:
    from triage.training.train import Trained

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
@click.option("--memory-mb", type=click.IntRange(min=256), help="Most working memory it may take.")
@click.option(
    "--attended", is_flag=True, help="Say how far it is on stderr; end when stdin is closed."
)
def train(
    home: Path,
    corrections: Path | None,
    corpus: Path | None,
    into: Path | None,
    name: str | None,
    encoder: str | None,
    seed: int,
    memory_mb: int | None,
    attended: bool,
) -> None:
    """Train a candidate from the corpus and the corrections of this home.

    Corrections are JSON Lines {text,label,category?,source,at,report_id}; HOME/corrections.jsonl
    is used where it exists. The same inputs and seed give the same model.

    Example: xiaonao-triage train --corrections corrections.jsonl
    """
    registry = registry_of(home)
    now = datetime.now(UTC)
    chosen = name or next_name(now, registry.candidates())
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", chosen):
        raise WrongUse("A name is made of letters, digits, dots and dashes; give another --name.")
    if attended:
        watched.stand_back()
    trained = _within(
        memory_mb,
        chosen,
        corpus or datasets_dir() / "corpus",
        into or home / "models",
        at=now,
        corrections=_corrections(home, corrections),
        encoder=_encoder(registry, encoder),
        seed=seed,
        seal=partial(signing.sign, _signing_folder(home, now)),
        tell=watched.say if attended else watched.keep_still,
    )
    current, objections = _against_current(registry, trained.metrics)
    answer = {
        "candidate": chosen,
        "metrics": brief(trained.metrics),
        **current,
        "objections": list(objections),
    }
    show(answer)


def _signing_folder(home: Path, now: datetime) -> Path:
    signing.make_site_key(home / signing.FOLDER, now)
    return home / signing.FOLDER


def _within(memory_mb: int | None, *inputs: Any, **more: Any) -> Trained:
    """The training run; ``TooBig`` when it needs more memory than it may take."""
    from triage.training.train import train as run

    if memory_mb:
        watched.bound_memory(memory_mb)
    try:
        return run(*inputs, **more)
    except MemoryError:
        raise TooBig(memory_mb or 0) from None
    except Exception:
        # Libraries that are refused memory fail in ways of their own, even while they load.
        if memory_mb and watched.ran_short(memory_mb):
            raise TooBig(memory_mb) from None
        raise


def next_name(now: datetime, known: tuple[Artefact, ...]) -> str:
    """``triage-YEAR.MONTH.N``: the month's next free number."""
    matches = [_NAME.fullmatch(artefact.name) for artefact in known]
    taken = [int(m[3]) for m in matches if m and (int(m[1]), int(m[2])) == (now.year, now.month)]
    return f"triage-{now.year}.{now.month:02d}.{max(taken, default=0) + 1}"


def registry_of(home: Path) -> Registry:
    """The models of a home over the shipped ones."""
    return Registry(models_dir(), home / "models")


def serving_in(registry: Registry) -> Artefact | None:
    """The artefact that serves, None when none can."""
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

    serving = serving_in(registry)
    if serving is None:
        return {"current": None}, objections(metrics, None)
    before = read_metrics(serving.path)
    shown = {"current": serving.name, "current_metrics": brief(before)}
    return shown, objections(metrics, before)


def brief(metrics: dict[str, Any]) -> dict[str, Any]:
    """The figures a person compares, of a ``metrics.json``."""
    held_out = metrics["held_out"]
    missed = {"dangerous_misses": len(held_out["dangerous_misses"])}
    return {name: held_out[name] for name in _FIGURES} | missed


def show(row: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    click.echo(json.dumps(row, ensure_ascii=False, indent=2))
