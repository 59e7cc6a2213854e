"""The recurrence rule on the command line: ``xiaonao-triage risk | risk-weights``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage import attended as watched
from triage import risk_artefact, signing
from triage.cli_home import HOME, wants_second
from triage.cli_lines import answer_each, leave, numbered, opened
from triage.errors import BadRow, GateFailed, TriageError, WrongUse
from triage.foresight import Foresight
from triage.recurrence_model import RiskModel, model_of
from triage.risk_served import ServedRisk
from triage.rows import Event, event_of, parse_object
from triage.shipped import recurrence_text

if TYPE_CHECKING:
    from triage.training.recurrence_refit import Refit

Tell = Callable[[str, float], None]
_NAME = re.compile(r"risk-(\d{4})\.(\d{1,2})\.(\d+)")
BY = click.option("--by", required=True, help="Who decides.")


@dataclass(frozen=True, slots=True)
class _History:
    """What a file of events holds; ``faults``: lines that could not be read."""

    events: list[Event]
    faults: int
    sha256: str


@click.command()
@click.argument("file", required=False)
@click.option("--fit", "history", help="Refit on the earlier events of this file first.")
@click.option("--save", is_flag=True, help="Keep the refit in HOME/risk, for a server to use.")
@click.option("--name", help="Its name there; the month's next number by default.")
@click.option(
    "--attended", is_flag=True, help="Say how far it is on stderr; end when stdin is closed."
)
@HOME
def risk(
    file: str | None, history: str | None, save: bool, name: str | None, attended: bool, home: Path
) -> None:
    """Print the risk of another dispute within 90 days at each dated event of FILE.

    Events are JSON Lines in time order: {"id","time","kind","dispute"?,"place"?,"parties"?}. Only
    what came before an event counts for it. The events of --fit are remembered too; one that
    stands in both files counts once. With --save the refit is kept, measured on the newest
    disputes of the history and signed; it serves once `risk-weights promote` names it. FILE may
    then be left out.

    Example: xiaonao-triage risk --fit last-year.jsonl --save
    """
    if save and not history:
        raise WrongUse("--save keeps a refit; give the history to --fit.")
    if file is None and not save:
        raise WrongUse("Give a FILE of events, or - for standard input.")
    if attended:
        watched.stand_back()
    tell = watched.say if attended else watched.keep_still
    shipped = model_of(recurrence_text())
    told = _read(history) if history else None
    model = shipped
    if told and save:
        model = _save(told, home, name, shipped, tell, quiet=file is not None)
    elif told:
        model = _fitted(told, shipped)
    faults = told.faults if told else 0
    if file is not None:
        foresight = Foresight(model, told.events if told else ())

        def answer(row: dict[str, Any]) -> dict[str, Any]:
            event = event_of(row)
            return {"id": event.id, **foresight.risk_of(event).as_json()}

        with opened(file) as lines:
            faults += answer_each(lines, answer)
    leave(faults)


@click.group("risk-weights")
def risk_weights() -> None:
    """The weights of the recurrence rule: which are known, which serve.

    Example: xiaonao-triage risk-weights list
    """


@risk_weights.command("list")
@HOME
def list_weights(home: Path) -> None:
    """List all weights known, with the figures of their refit; one JSON object a line.

    Example: xiaonao-triage risk-weights list
    """
    registry = risk_artefact.registry_of(home)
    served = ServedRisk.open(home)
    for artefact in registry.candidates():
        row: dict[str, Any] = {
            "name": artefact.name,
            "current": artefact.name == served.name,
            "shipped": artefact.shipped,
        }
        try:
            risk_artefact.read(registry, artefact)
            row |= _brief(risk_artefact.facts_of(artefact.path))
        except TriageError as error:
            row["error"] = str(error)
        click.echo(json.dumps(row, ensure_ascii=False))
    if served.fault:
        click.echo(f"{served.name} serves: {served.fault}", err=True)


@risk_weights.command("promote")
@click.argument("name")
@BY
@click.option("--why", required=True, help="The reason, kept on record.")
@click.option("--second", default="", help="Who agrees, where the site wants two.")
@click.option("--second-why", default="", help="The second person's reason.")
@HOME
def promote_weights(name: str, by: str, why: str, second: str, second_why: str, home: Path) -> None:
    """Let weights NAME serve, unless their figures stand against it.

    Example: xiaonao-triage risk-weights promote risk-2026.12.1 --by 李某某 --why 一年数据重拟
    """
    if wants_second(home) and not (second.strip() and second_why.strip()):
        raise WrongUse("Two persons decide here; give --second and --second-why.")
    registry = risk_artefact.registry_of(home)
    artefact = registry.find(name)
    risk_artefact.read(registry, artefact)
    before = ServedRisk.open(home).name
    against = _against(risk_artefact.facts_of(artefact.path), before)
    if against:
        raise GateFailed(name, against)
    registry.promote(name, by, why, second=second, second_why=second_why)
    _show({"current": name, "before": before, "by": by})


@risk_weights.command("rollback")
@BY
@click.option("--why", default="rolled back", show_default=True, help="Kept on record.")
@HOME
def roll_weights_back(by: str, why: str, home: Path) -> None:
    """Return to the weights that served before.

    Example: xiaonao-triage risk-weights rollback --by 李某某 --why 高估
    """
    artefact = risk_artefact.registry_of(home).rollback(by, why)
    _show({"current": artefact.name, "by": by})


def _against(facts: Mapping[str, Any], serving: str) -> tuple[str, ...]:
    """The shipped weights may always serve again."""
    from triage.training.recurrence_refit import objections

    if "held_out" not in facts:
        return ()
    if facts["against"] != serving:
        return (f"it was measured against {facts['against']}, and {serving} serves; save it anew",)
    return objections(facts["held_out"])


def _read(history: str) -> _History:
    events, faults, digest = [], 0, sha256()
    with opened(history) as lines:
        for number, line in numbered(lines):
            digest.update(line)
            try:
                events.append(event_of(parse_object(line)))
            except BadRow as error:
                faults += 1
                click.echo(f"{history} line {number}: {error.why}", err=True)
    return _History(events, faults, digest.hexdigest())


def _fitted(told: _History, shipped: RiskModel) -> RiskModel:
    from triage.training.recurrence_fit import fit_risk

    fitted = fit_risk(told.events, shipped)
    kept = "too few, the shipped weights stay: " if fitted.model is shipped else ""
    click.echo(
        f"Fitted on {len(told.events)} events: {kept}{fitted.lessons} disputes whose 90 days have "
        f"passed, {fitted.returned} of them came again.",
        err=True,
    )
    return fitted.model


def _save(
    told: _History, home: Path, name: str | None, shipped: RiskModel, tell: Tell, *, quiet: bool
) -> RiskModel:
    """Refit, write and sign; the weights. ``quiet``: standard output belongs to the answers."""
    from triage.training.recurrence_refit import objections, refit

    registry, now = risk_artefact.registry_of(home), datetime.now(UTC)
    chosen = name or _next_name(now, [one.name for one in registry.candidates()])
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", chosen):
        raise WrongUse("A name is made of letters, digits, dots and dashes; give another --name.")
    tell("fit", 0.2)
    serving = ServedRisk.open(home)
    made = refit(told.events, serving.model, shipped, source=chosen)
    facts = _facts(told, made, now, serving.name)
    tell("write", 0.9)
    path = risk_artefact.write(home / risk_artefact.FOLDER, chosen, made.model, facts)
    keys = home / signing.FOLDER
    signing.make_site_key(keys, now)
    signing.sign(keys, path)
    answer = {"candidate": chosen, "current": serving.name, "metrics": made.as_json()}
    answer["objections"] = list(objections(facts["held_out"]))
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2), err=quiet)
    return made.model


def _facts(told: _History, made: Refit, now: datetime, serving: str) -> dict[str, Any]:
    times = [event.time for event in told.events]
    history = {
        "sha256": told.sha256,
        "events": len(told.events),
        "disputes": sum(event.dispute for event in told.events),
        "unreadable": told.faults,
        "first": min(times).isoformat(),
        "last": max(times).isoformat(),
    }
    made_at = now.isoformat(timespec="seconds")
    return {"made_at": made_at, "against": serving, "history": history, **made.as_json()}


def _brief(facts: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("made_at", "against", "disputes", "returned", "held_out")
    return {name: facts[name] for name in kept if name in facts}


def _next_name(now: datetime, known: list[str]) -> str:
    """``risk-YEAR.MONTH.N``: the month's next free number."""
    matches = [_NAME.fullmatch(name) for name in known]
    taken = [int(m[3]) for m in matches if m and (int(m[1]), int(m[2])) == (now.year, now.month)]
    return f"risk-{now.year}.{now.month:02d}.{max(taken, default=0) + 1}"


def _show(row: dict[str, Any]) -> None:
    click.echo(json.dumps(row, ensure_ascii=False, indent=2))
