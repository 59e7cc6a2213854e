"""The command ``xiaonao-triage``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from triage.cli_home import HOME
from triage.cli_lines import answer_each, leave, opened
from triage.cli_risk import risk, risk_weights
from triage.errors import ModelUnavailable, TriageError
from triage.rows import id_of, report_of


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Judge the words of 110 reports, and teach the model that does it.

    Example: echo '{"id":"1","text":"楼上漏水不肯赔"}' | xiaonao-triage assess -
    """


@cli.command()
@click.argument("file", default="-")
@click.option("--model", help="Ask this model instead of the one that serves.")
@HOME
@click.option("--why", is_flag=True, help="Add what holds when words are taken out; slow.")
def assess(file: str, model: str | None, home: Path, why: bool) -> None:
    """Assess JSON Lines {"id","text","received_at"?} from FILE or - into JSON Lines.

    A line that cannot be read comes back as {"id","error"}; the rest is still assessed. --why adds
    "why": parts that add up to the label's score, and the words and clauses without which it falls.

    Example: xiaonao-triage assess reports.jsonl > assessments.jsonl
    """
    from triage.triager import Triager

    triager = Triager.open(home=home, model=model)
    if triager.fault and model:
        raise ModelUnavailable(triager.fault)
    if triager.fault:
        click.echo(triager.fault, err=True)

    def answer(row: dict[str, Any]) -> dict[str, Any]:
        report = report_of(row)
        extra = {"why": triager.explain(report).as_json()} if why else {}
        return {**triager.assess(report).as_json(), **extra, "id": id_of(row)}

    with opened(file) as lines:
        leave(answer_each(lines, answer))


cli.add_command(risk)
cli.add_command(risk_weights)


def main() -> None:
    """Run, and turn every expected error into one sentence and an exit code."""
    from triage.cli_learning import add_learning

    add_learning(cli)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except TriageError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        click.echo(f"{error.format_message()} See xiaonao-triage --help.", err=True)
        sys.exit(2)
    except click.exceptions.Abort:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read us has gone; leave without a second complaint at shutdown.
        sys.stderr.close()
        sys.exit(1)
