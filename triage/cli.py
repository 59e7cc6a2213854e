"""The command ``xiaonao-triage``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from triage.cli_home import HOME
from triage.errors import BadRow, ModelUnavailable, TriageError, WrongUse
from triage.foresight import Foresight
from triage.recurrence_model import RiskModel, model_of
from triage.rows import event_of, id_of, parse_object, report_of
from triage.shipped import recurrence_text


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

    with _opened(file) as lines:
        _exit(_answer_each(lines, answer))


@cli.command()
@click.argument("file")
@click.option("--fit", "history", help="Refit on the earlier events of this file first.")
def risk(file: str, history: str | None) -> None:
    """Print the risk of another dispute within 90 days at each dated event of FILE.

    Events are JSON Lines in time order: {"id","time","kind","dispute"?,"place"?,"parties"?}. Only
    what came before an event counts for it. The events of --fit are remembered too; one that
    stands in both files counts once.

    Example: xiaonao-triage risk events.jsonl --fit last-year.jsonl
    """
    shipped = model_of(recurrence_text())
    foresight, faults = _fitted(history, shipped) if history else (Foresight(shipped), 0)

    def answer(row: dict[str, Any]) -> dict[str, Any]:
        event = event_of(row)
        return {"id": event.id, **foresight.risk_of(event).as_json()}

    with _opened(file) as lines:
        _exit(_answer_each(lines, answer) + faults)


def _fitted(history: str, shipped: RiskModel) -> tuple[Foresight, int]:
    """Refitted on the history, which is remembered too; and the number of its bad lines."""
    from triage.training.recurrence_fit import fit_risk

    events, faults = [], 0
    with _opened(history) as lines:
        for number, line in _numbered(lines):
            try:
                events.append(event_of(parse_object(line)))
            except BadRow as error:
                faults += 1
                click.echo(f"{history} line {number}: {error.why}", err=True)
    fitted = fit_risk(events, shipped)
    kept = "too few, the shipped weights stay: " if fitted.model is shipped else ""
    click.echo(
        f"Fitted on {len(events)} events: {kept}{fitted.lessons} disputes whose 90 days have "
        f"passed, {fitted.returned} of them came again.",
        err=True,
    )
    return Foresight(fitted.model, events), faults


def _answer_each(lines: Iterable[bytes], answer: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """One answer a line, in order, as soon as it is known; the number of bad lines."""
    faults = 0
    for _, line in _numbered(lines):
        row: dict[str, Any] = {}
        try:
            row = parse_object(line)
            _print(answer(row))
        except BadRow as error:
            faults += 1
            _print({"id": id_of(row), "error": error.why})
    return faults


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    if file == "-":
        yield sys.stdin.buffer
        return
    path = Path(file)
    if not path.is_file():
        raise WrongUse(f"{file} is no file that can be read; give a file or -.")
    with path.open("rb") as handle:
        yield handle


def _print(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _exit(faults: int) -> None:
    if faults:
        click.echo(f"{faults} lines could not be read; each is named.", err=True)
        sys.exit(1)


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
