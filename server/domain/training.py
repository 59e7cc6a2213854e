"""A training run's life: waiting, running, over. One at a time; who is not heard has gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

LEASE = timedelta(seconds=30)
"""A worker that is not heard for so long has gone, and its run with it."""
BEAT = timedelta(seconds=2)
"""How often a worker says how far its run is."""


class RunState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Fault(StrEnum):
    """Why a run ended without a model; what the training itself said stands beside ``SAID``."""

    LOST = "lost"
    STOPPED = "stopped"
    TIME = "time"
    MEMORY = "memory"
    SAID = "said"


OPEN = frozenset({RunState.WAITING, RunState.RUNNING})


def is_lost(state: str, lease_until: datetime | None, now: datetime) -> bool:
    """Whether whoever trains has gone: it is running and its lease has run out."""
    return state == RunState.RUNNING and (lease_until is None or lease_until < now)
