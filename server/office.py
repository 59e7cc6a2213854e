"""The office as one value: everything a service needs, made once per process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from edge.district import District
from server.config import Settings
from server.domain.geo import Place
from server.domain.travel import Ride
from server.vault import Vault
from triage.assessment import Assessment
from triage.report import ReportText
from triage.risk_served import ServedRisk


class Judge(Protocol):
    """Whoever assesses texts; raises ModelUnavailable when no model can be used."""

    @property
    def name(self) -> str | None: ...

    @property
    def fault(self) -> str | None: ...

    def assess_many(self, reports: Sequence[ReportText]) -> list[Assessment]: ...


class Roads(Protocol):
    """A routing engine. Never raises and never waits long; it may only not know."""

    def rides(self, starts: Sequence[Place], target: Place) -> list[Ride | None] | None:
        """A ride from each start, None where there is no way; None when the engine is no help."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How often this process was answered, was not, and did not ask after failures."""


@dataclass(frozen=True, slots=True)
class Office:
    home: Path
    settings: Settings
    engine: Engine
    vault: Vault
    judge: Judge
    district: District
    clock: Callable[[], datetime]
    roads: Roads | None = None
    """None without a routing engine."""
    risk: ServedRisk = field(default_factory=ServedRisk.open)
    """The weights of the recurrence rule that serve; the shipped ones without a home."""


def utc_now() -> datetime:
    return datetime.now(UTC)
