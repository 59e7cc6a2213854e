"""The past: taking in exports, handing out corrections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli.common import home_option, keeper, office_of

if TYPE_CHECKING:
    from server.services.importer import Progress

SHOWN_REFUSALS = 1000
"""Refused rows told one by one; beyond it they are only counted."""


@click.command("import")
@home_option
@click.option("--source", default="110", show_default=True, help="Who numbered these reports.")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def import_(context: click.Context, home: Path, source: str, file: Path) -> None:
    """Take in FILE, an export of past reports (.csv, .xlsx or .jsonl; GBK or UTF-8).

    Reports are judged but open no cases. Running it again adds nothing. A bad row is named on
    stderr with its line and reason; the others go in, and the exit code is 1.

    \b
    Example:
      xiaonao import 接警单-2026-10.csv
    """
    from server.services.importer import import_file

    office = office_of(home, make=True)
    taken = known = refused = 0
    for step in _with_bar(import_file(office, file, source=source, actor=keeper()), file.name):
        taken, known = taken + step.taken, known + step.known
        for row in step.refused:
            refused += 1
            if refused <= SHOWN_REFUSALS:
                click.echo(f"line {row.line}: {row.why}", err=True)
    if refused > SHOWN_REFUSALS:
        click.echo(f"and {refused - SHOWN_REFUSALS} more refused rows", err=True)
    click.echo(f"{taken} taken in, {known} already known, {refused} refused")
    if refused:
        context.exit(1)


def _with_bar(steps: Iterator[Progress], name: str) -> Iterator[Progress]:
    """A bar on stderr where somebody watches; refused rows are printed above it."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, redirect_stdout=False, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=1.0)
        for step in steps:
            bar.update(task, completed=step.share)
            yield step


@click.group()
def corrections() -> None:
    """Labels people corrected, for training."""


@corrections.command("export")
@home_option
@click.option(
    "--output", type=click.Path(path_type=Path), help="Instead of HOME/corrections.jsonl."
)
def corrections_export(home: Path, output: Path | None) -> None:
    """Write all corrections as JSON Lines for `xiaonao-triage train`.

    \b
    Example:
      xiaonao corrections export
    """
    from server.cli.running import export_corrections

    target = output or home / "corrections.jsonl"
    count = export_corrections(office_of(home), target)
    click.echo(f"{count} corrections written to {target}")


@click.group("history")
def past() -> None:
    """Dated calls of people and places, for refitting the risk."""


@past.command("export")
@home_option
@click.option(
    "--output", type=click.Path(path_type=Path), help="Instead of HOME/risk-history.jsonl."
)
def history_export(home: Path, output: Path | None) -> None:
    """Write all calls as JSON Lines for `xiaonao-triage risk --fit`; people and places are hashes.

    \b
    Example:
      xiaonao history export
      xiaonao-triage risk --fit var/risk-history.jsonl --save
    """
    from server.services.risk_weights import HISTORY_FILE, export_history

    target = output or home / HISTORY_FILE
    count = export_history(office_of(home), target)
    click.echo(f"{count} calls written to {target}")


COMMANDS = (import_, corrections, past)
