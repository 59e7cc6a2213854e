"""The worker that teaches: takes the training run that waits and watches over it.

Any number may run, on any machines; the database gives the run to one of them.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from threading import Event as Flag
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.domain.errors import OfficeError
from server.domain.training import BEAT, Fault
from server.office import Office
from server.services import lessons, risk_weights, training
from server.services.apprentice import Apprentice

ROUND_S = 0.5
STOP_S = 1.0
"""How long a run may clean up when the whole worker is told to stop."""

log = structlog.get_logger()


def run(office: Office, stop: Flag) -> None:
    """Until told to stop; faults are logged and tried again. A run that is not over then fails."""
    learner = Learner(office)
    try:
        while not stop.wait(ROUND_S):
            try:
                learner.round()
            except (SQLAlchemyError, OfficeError, OSError) as error:
                log.error("learner_failed", error=type(error).__name__)
    finally:
        learner.close()


class Learner:
    """One worker with at most one training run. ``more`` are further options of the command."""

    def __init__(self, office: Office, *, more: tuple[str, ...] = ()) -> None:
        self._office = office
        self._more = more
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{id(self)}"
        self._run_id = ""
        self._child: Apprentice | None = None
        self._started = self._heard = office.clock()

    @property
    def child(self) -> Apprentice | None:
        """The process that trains now."""
        return self._child

    def round(self) -> None:
        """Look once: take a run that waits, or see how the present one does."""
        training.bury_lost(self._office)
        if self._child is None:
            self._take()
        else:
            self._attend(self._child, self._office.clock())

    def close(self) -> None:
        """Give up: the run fails at once instead of after its lease."""
        if self._child is not None:
            self._child.end(within_s=STOP_S)
            self._give_up(Fault.STOPPED)

    def _take(self) -> None:
        row = training.claim(self._office, self._holder)
        if row is None:
            return
        self._run_id, self._started = row.id, self._office.clock()
        self._heard = self._started
        try:
            self._child = self._hire(row.encoder)
        except OSError as error:
            training.failed(self._office, row.id, Fault.SAID, type(error).__name__)
            return
        log.info("training_started", run=row.id)

    def _hire(self, encoder: str) -> Apprentice:
        home = self._office.home
        if encoder == training.RISK:
            history = home / risk_weights.HISTORY_FILE
            risk_weights.export_history(self._office, history)
            return Apprentice.start_refit(home, history)
        lessons.export_corrections(self._office, home / lessons.CORRECTIONS_FILE)
        memory = self._office.settings.models.train_memory_mb
        return Apprentice.start(home, encoder=encoder, memory_mb=memory, more=self._more)

    def _attend(self, child: Apprentice, now: datetime) -> None:
        bounds = self._office.settings.models
        held_mb = child.look()
        if not child.alive:
            self._finish(child)
        elif held_mb > bounds.train_memory_mb:
            child.end()
            self._give_up(Fault.MEMORY)
        elif now - self._started > timedelta(minutes=bounds.train_minutes):
            child.end()
            self._give_up(Fault.TIME)
        elif now - self._heard >= BEAT:
            self._beat(child, now)

    def _beat(self, child: Apprentice, now: datetime) -> None:
        heard = training.beat(
            self._office,
            self._run_id,
            self._holder,
            stage=child.stage,
            share=child.share,
            peak_mb=child.peak_mb,
        )
        if not heard:
            child.end()  # it counts as lost: somebody else may train now
            self._child = None
            return
        self._heard = now
        if training.wants_end(self._office, self._run_id):
            child.end()
            training.cancelled(self._office, self._run_id)
            self._child = None

    def _finish(self, child: Apprentice) -> None:
        made = child.result()
        if made is None:
            self._give_up(Fault.SAID, child.complaint())
            return
        name = str(made["candidate"])
        kept = ("metrics", "objections", "current")
        figures: dict[str, Any] = {key: made[key] for key in kept if key in made}
        training.done(
            self._office, self._run_id, model=name, figures=figures, peak_mb=child.peak_mb
        )
        self._child = None
        log.info("training_done", run=self._run_id, model=name)

    def _give_up(self, fault: Fault, said: str = "") -> None:
        training.failed(self._office, self._run_id, fault, said)
        self._child = None
        log.warning("training_failed", run=self._run_id, fault=fault.value)
