"""Models as the office sees them: which are there, what was decided of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from server.domain.errors import Invalid
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.office import Office
from server.store import events, learning
from server.store.engine import reading, writing
from triage import risk_artefact
from triage.errors import ModelUnavailable, TriageError
from triage.registry import CURRENT_FILE, DECISIONS_FILE, Artefact, Registry
from triage.shipped import models_dir

GATE_SECONDS = 300
SHOWN = 30
METRICS_FILE = "metrics.json"
_COMMAND = "from triage.cli import main; main()"
_FIGURES = ("n", "accuracy", "police_recall", "police_miss_upper95", "ece")


@dataclass(frozen=True, slots=True)
class Known:
    """One artefact with its own held-out figures; empty when they cannot be read."""

    name: str
    current: bool
    shipped: bool
    figures: dict[str, Any]
    refused: str = ""
    """Why it may not be loaded."""


def registry(office: Office) -> Registry:
    return Registry(models_dir(), office.home / "models")


def known(office: Office) -> tuple[Known, ...]:
    """Every model of texts, the home's first: those that carry figures."""
    mine = registry(office)
    serving = office.judge.name
    return tuple(
        Known(a.name, a.name == serving, a.shipped, _figures(a.path), _refusal(mine, a))
        for a in mine.candidates()
        if (a.path / METRICS_FILE).is_file()
    )


def promote(
    office: Office, name: str, *, actor: Actor, why: str, second: str = "", also: str = ""
) -> None:
    """Let the gate compare and promote, in a process of its own: serving never loads what only
    training needs. ``second`` agreed, for the reason ``also``. Raises Invalid with the gate's
    reasons."""
    try:
        registry(office).find(name)
    except ModelUnavailable as error:
        raise Invalid("name", "没有这个模型，请刷新页面") from error
    words = ["promote", name, f"--by={actor.name}", f"--why={why}"]
    words += [f"--second={second}", f"--second-why={also}"] if second else []
    if said := command(office, *words):
        raise Invalid("name", f"未上线：{said}")


def command(office: Office, *words: str) -> str:
    """Run a deciding command of ``xiaonao-triage`` and bring what it decided into the log; its
    complaint, empty when it did it."""
    try:
        done = subprocess.run(  # noqa: S603 - our own command, its words checked
            [sys.executable, "-c", _COMMAND, *words, f"--home={office.home}"],
            capture_output=True,
            text=True,
            timeout=GATE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Invalid("name", f"比对超时，未上线；请用命令 xiaonao-triage {words[0]}") from error
    record(office)
    return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1][:400]


def rollback(office: Office, *, actor: Actor, why: str) -> str:
    """The model that serves again. Raises Invalid when there is none to return to."""
    try:
        name = registry(office).rollback(actor.name, why).name
    except TriageError as error:
        raise Invalid("name", "没有可以退回的模型") from error
    record(office)
    return name


def record(office: Office) -> int:
    """Bring decisions made by command into the office's own log, each once; how many were new."""
    weights = risk_artefact.registry_of(office.home)
    decided = (*_compared(office.home / "models"), *_made(registry(office)), *_made(weights))
    found = {row["key"]: row for row in decided}
    if not found:
        return 0
    with writing(office.engine) as conn:
        old = learning.known_decisions(conn, found.keys())
        new = [row for key, row in found.items() if key not in old]
        for row in new:
            learning.add_decision(conn, row)
        events.tell(conn, [_told(row, office.clock()) for row in new])
    return len(new)


def history(office: Office) -> Sequence[Row[Any]]:
    """The newest decisions."""
    with reading(office.engine) as conn:
        return learning.decisions(conn, limit=SHOWN)


def _refusal(mine: Registry, artefact: Artefact) -> str:
    try:
        mine.verify(artefact)
    except TriageError as error:
        return str(error)
    return ""


def _figures(path: Path) -> dict[str, Any]:
    try:
        held_out = json.loads((path / METRICS_FILE).read_text(encoding="utf-8"))["held_out"]
        return {name: held_out[name] for name in _FIGURES}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _compared(folder: Path) -> Iterator[dict[str, Any]]:
    """Lines of the gate; a torn last line waits for its end."""
    file = folder / DECISIONS_FILE
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    for line in lines:
        try:
            row = json.loads(line)
            why = "; ".join(row["reasons"]) or f"against {row['against']}"
            yield _row(line, row["at"], "gate", row["model"], row["by"], why, row)
        except (ValueError, KeyError, TypeError):
            continue


def _made(decided: Registry) -> Iterator[dict[str, Any]]:
    """The promotions of this home."""
    if decided.home_dir is None or not (decided.home_dir / CURRENT_FILE).is_file():
        return
    try:
        promotions = decided.history()
    except ModelUnavailable:
        return  # doctor and the models page say so; other decisions are still told
    for made in promotions:
        kind = "rolled_back" if made.back else "promoted"
        line = f"{kind} {made.name} {made.by} {made.at.isoformat()}"
        body = {"passed": True} | ({"second": made.second} if made.second else {})
        why = f"{made.why}；{made.second}：{made.second_why}" if made.second else made.why
        yield _row(line, made.at.isoformat(), kind, made.name, made.by, why, body)


def _row(
    line: str, at: str, kind: str, model: str, by: str, why: str, body: dict[str, Any]
) -> dict[str, Any]:
    return {
        "key": sha256(line.encode()).hexdigest(),
        "at": datetime.fromisoformat(at),
        "kind": kind,
        "model": model[:64],
        "by": by[:128],
        "why": why,
        "passed": bool(body["passed"]),
        "body": body,
    }


def _told(row: dict[str, Any], now: datetime) -> NewEvent:
    kind = {"promoted": "model_promoted", "rolled_back": "model_rolled_back"}.get(row["kind"])
    gate = "model_passed" if row["passed"] else "model_refused"
    second = row["body"].get("second")
    body = {"model": row["model"]} | ({"second": second} if second else {})
    return NewEvent(kind or gate, now, row["by"], body=body)
