"""What the commands of triage share of a home: the option, and who has to agree there."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import click

from triage.errors import WrongUse

HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="XIAONAO_HOME",
    default=Path("var"),
    show_default=True,
    help="Home folder; candidates and promotions live in HOME/models.",
)


def wants_second(home: Path) -> bool:
    """Whether a promotion needs two persons: ``models.second_approver`` of the home's settings."""
    told = os.environ.get("XIAONAO_MODELS__SECOND_APPROVER")
    if told is not None:
        return told.strip().lower() in {"1", "true", "yes", "on"}
    file = home / "xiaonao.toml"
    try:
        settings = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
        return bool(settings.get("models", {}).get("second_approver", False))
    except (OSError, ValueError, AttributeError) as error:
        why = type(error).__name__
        raise WrongUse(f"{file.name} cannot be read ({why}); correct it first.") from None
