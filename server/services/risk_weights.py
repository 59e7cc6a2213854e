"""The weights of the recurrence rule as the office sees them: known, serving, promoted; and the
history a refit learns from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.domain.errors import Invalid
from server.domain.roles import Actor
from server.office import Office
from server.services import models
from server.services.register import event_of
from server.store import register as store
from server.store.engine import reading
from triage import risk_artefact
from triage.errors import ModelUnavailable, TriageError
from triage.rows import Event

HISTORY_FILE = "risk-history.jsonl"
MOST_CALLS = 200_000
"""The newest of them; thirty years of a street of 6,000 a year."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One artefact. ``facts``: its manifest; ``refused``: why it may not be loaded."""

    name: str
    current: bool
    shipped: bool
    facts: Mapping[str, Any]
    refused: str = ""

    @property
    def compared(self) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
        """Figures of what served when it was made, and its own; None for shipped ones."""
        told = self.facts.get("held_out")
        return (told["before"], told["after"]) if told else None


def known(office: Office) -> tuple[Weights, ...]:
    """All weights, the home's first."""
    registry, serving = risk_artefact.registry_of(office.home), office.risk.name
    found = []
    for one in registry.candidates():
        facts: Mapping[str, Any] = {}
        refused = ""
        try:
            risk_artefact.read(registry, one)
            facts = risk_artefact.facts_of(one.path)
        except TriageError as error:
            refused = str(error)
        found.append(Weights(one.name, one.name == serving, one.shipped, facts, refused))
    return tuple(found)


def promote(office: Office, name: str, *, actor: Actor, why: str) -> None:
    """Let weights serve whose figures do not stand against them. Raises Invalid with what does;
    where two persons decide, that is for the command."""
    if office.settings.models.second_approver:
        raise Invalid("name", "本站要求两人确认，请用命令 xiaonao-triage risk-weights promote")
    try:
        risk_artefact.registry_of(office.home).find(name)
    except ModelUnavailable as error:
        raise Invalid("name", "没有这组参数，请刷新页面") from error
    words = ("risk-weights", "promote", name, f"--by={actor.name}", f"--why={why}")
    said = models.command(office, *words)
    if said:
        raise Invalid("name", f"未启用：{said}")


def rollback(office: Office, *, actor: Actor, why: str) -> str:
    """The weights that serve again. Raises Invalid when there are none to return to."""
    try:
        name = risk_artefact.registry_of(office.home).rollback(actor.name, why).name
    except TriageError as error:
        raise Invalid("name", "没有可以退回的参数") from error
    models.record(office)
    return name


def export_history(office: Office, path: Path) -> int:
    """Every main report as a dated event for ``xiaonao-triage risk --fit``; how many.

    People, homes and pairs are keyed hashes; no text, no name, no address.
    """
    with reading(office.engine) as conn:
        rows = store.calls(conn, None, limit=MOST_CALLS)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(_line(office, event_of(row)), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return len(rows)


def _line(office: Office, event: Event) -> dict[str, Any]:
    """All keys as parties: what a home, a pair or a person is makes no difference to the rule."""
    return {
        "id": event.id,
        "time": event.time.isoformat(),
        "kind": event.kind,
        "dispute": event.dispute,
        "parties": [office.vault.key("risk", key)[:16] for key in event.keys],
    }
