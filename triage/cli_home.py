"""The ``--home`` option that the commands of triage share."""

from __future__ import annotations

from pathlib import Path

import click

HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="XIAONAO_HOME",
    default=Path("var"),
    show_default=True,
    help="Home folder; candidates and promotions live in HOME/models.",
)
