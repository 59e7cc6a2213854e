"""Training runs: asked for on the console, taken by one worker, seen by all.

The database holds the one place there is: a run that waits or runs keeps every other out, on
whatever machine. Whoever runs it renews a lease; when that runs out the run has failed, visibly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from server.domain.errors import Conflict, Invalid, Missing, NotAllowed
from server.domain.events import NewEvent
from server.domain.roles import SYSTEM, Action, Actor
from server.domain.training import LEASE, Fault, RunState
from server.office import Office
from server.services.ids import new_id
from server.store import events, training
from server.store.engine import reading, writing

SHOWN = 10
WORDS_ALONE = "none"
RISK = "risk"
"""Not a model of texts: the weights of the recurrence rule."""


def ask(office: Office, *, actor: Actor, encoder: str = "") -> str:
    """A run that some worker takes within seconds; its id. ``encoder`` empty takes the newest,
    ``none`` words alone, ``risk`` refits the recurrence rule instead. Raises Conflict while
    another waits or runs."""
    _allowed(actor)
    if encoder not in {"", WORDS_ALONE, RISK}:
        raise Invalid("encoder", "只能选择带语义、只用词语或复发风险")
    now = office.clock()
    run_id = new_id(now)
    row = {"id": run_id, "asked_at": now, "asked_by": actor.name, "encoder": encoder}
    row |= {"state": RunState.WAITING, "share": 0.0}
    try:
        with writing(office.engine) as conn:
            training.add(conn, row)
            _tell(office, conn, "training_asked", actor.name, run_id)
    except IntegrityError as error:
        raise Conflict("Another training run waits or runs; wait for it or cancel it.") from error
    return run_id


def cancel(office: Office, run_id: str, *, actor: Actor) -> None:
    """End a run: at once while it waits, within seconds while it runs. Raises Conflict when it
    is over."""
    _allowed(actor)
    now = office.clock()
    over = {"cancelled_by": actor.name, "ended_at": now}
    with writing(office.engine) as conn:
        if training.find(conn, run_id) is None:
            raise Missing("training run", run_id)
        waiting, cancelled = RunState.WAITING, RunState.CANCELLED
        if training.swap(conn, run_id, before=waiting, after=cancelled, **over):
            _tell(office, conn, "training_cancelled", actor.name, run_id)
        elif not training.cancel(conn, run_id, actor.name):
            raise Conflict(f"Training run {run_id} is over or was told to end already.")


def log(office: Office) -> Sequence[Row[Any]]:
    """The newest runs, newest first."""
    with reading(office.engine) as conn:
        return training.newest(conn, limit=SHOWN)


def claim(office: Office, holder: str) -> Row[Any] | None:
    """The run that waits, now this worker's; None when there is none or another was faster."""
    with reading(office.engine) as conn:
        row = training.open_run(conn)
    if row is None or row.state != RunState.WAITING:
        return None
    now = office.clock()
    mine = {"holder": holder, "started_at": now, "lease_until": now + LEASE}
    with writing(office.engine) as conn:
        taken = training.swap(conn, row.id, before=RunState.WAITING, after=RunState.RUNNING, **mine)
        return training.find(conn, row.id) if taken else None


def beat(
    office: Office, run_id: str, holder: str, *, stage: str | None, share: float, peak_mb: int
) -> bool:
    """Say how far it is and renew the lease. False when the run is no longer this worker's."""
    told = {"stage": stage, "share": share, "peak_mb": peak_mb}
    with writing(office.engine) as conn:
        until = office.clock() + LEASE
        return training.beat(conn, run_id, holder, lease_until=until, **told)


def wants_end(office: Office, run_id: str) -> bool:
    """Whether somebody cancelled it."""
    with reading(office.engine) as conn:
        row = training.find(conn, run_id)
    return row is not None and row.cancelled_by is not None


def done(office: Office, run_id: str, *, model: str, figures: dict[str, Any], peak_mb: int) -> None:
    """It made a model; what is known of it stands beside the run."""
    made = {"model": model, "figures": figures, "peak_mb": peak_mb, "share": 1.0}
    _end(office, run_id, RunState.DONE, "training_done", SYSTEM, **made)


def failed(office: Office, run_id: str, fault: Fault, said: str = "") -> None:
    """It made none. ``said`` is the training's own sentence, which never holds a report's text."""
    why = f"{fault}: {said}" if said else fault.value
    _end(office, run_id, RunState.FAILED, "training_failed", SYSTEM, fault=why)


def cancelled(office: Office, run_id: str) -> None:
    """Its process has ended because somebody cancelled it."""
    with reading(office.engine) as conn:
        row = training.find(conn, run_id)
    by = row.cancelled_by if row is not None and row.cancelled_by else SYSTEM
    _end(office, run_id, RunState.CANCELLED, "training_cancelled", by)


def bury_lost(office: Office) -> int:
    """Runs whose worker has gone have failed; how many."""
    with reading(office.engine) as conn:
        lost = training.expired(conn, office.clock())
    for row in lost:
        failed(office, row.id, Fault.LOST)
    return len(lost)


def _end(
    office: Office, run_id: str, state: RunState, kind: str, by: str, **values: object
) -> None:
    with writing(office.engine) as conn:
        ended = {"ended_at": office.clock(), "lease_until": None, **values}
        if training.swap(conn, run_id, before=RunState.RUNNING, after=state, **ended):
            _tell(office, conn, kind, by, run_id, model=values.get("model"))


def _tell(
    office: Office, conn: Connection, kind: str, by: str, run_id: str, *, model: object = None
) -> None:
    body = {"run": run_id} | ({"model": model} if model else {})
    events.tell(conn, [NewEvent(kind, office.clock(), by, body=body)])


def _allowed(actor: Actor) -> None:
    if not actor.may(Action.MANAGE_MODELS):
        raise NotAllowed
