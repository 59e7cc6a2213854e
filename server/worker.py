"""Work in the background: corrections for training, reports that wait for a model, cases told to
the police, pushes to phones, what is watched from day to day, retention.

Each job is idempotent and may run in any number of workers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Event as Flag

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.domain.errors import OfficeError
from server.office import Office
from server.services import (
    confirming,
    experiments,
    feedback,
    identity,
    models,
    police_line,
    push,
    rejudge,
    watching,
)
from server.services.lessons import CORRECTIONS_FILE, export_corrections
from server.store import confirmations, custody, frames, reports, telemetry
from server.store.engine import reading, writing
from triage.registry import CURRENT_FILE, DECISIONS_FILE

ROUND_S = 1.0
RETENTION_EVERY = 3600
"""Rounds between two clean-ups."""
CATCH_UP_EVERY = 10
"""Rounds between two looks for callers nobody asked about; the look reads every report's key."""
WATCH_EVERY = 60
"""Rounds between two looks whether a day is over that nobody has counted."""

log = structlog.get_logger()


def run(office: Office, stop: Flag) -> None:
    """Do what is due once a second until told to stop; faults are logged and tried again."""
    exported = decided = coded = -1
    round_number = 0
    while not stop.wait(ROUND_S):
        exported = _safely(partial(export_if_newer, office, exported), exported)
        _safely(partial(rejudge.rejudge_waiting, office), 0)
        _safely(partial(police_line.tell_police, office), 0)
        _safely(partial(push.tell_phones, office), 0)
        if round_number % CATCH_UP_EVERY == 0:
            _safely(partial(identity.catch_up, office), 0)
        decided = _safely(partial(record_decisions, office, decided), decided)
        if round_number % WATCH_EVERY == 0:
            _safely(partial(watching.keep_days, office), 0)
            _safely(partial(experiments.look_when_due, office), 0)
            coded = _safely(partial(export_if_recoded, office, coded), coded)
        if round_number % RETENTION_EVERY == 0:
            _safely(partial(forget_old, office), 0)
        round_number += 1


def record_decisions(office: Office, seen: int) -> int:
    """Tell decisions on models made by command when their files changed; the newest change, ns."""
    files = [office.home / "models" / name for name in (CURRENT_FILE, DECISIONS_FILE)]
    newest = max((file.stat().st_mtime_ns for file in files if file.is_file()), default=0)
    if newest != seen:
        models.record(office)
    return newest


def export_if_newer(office: Office, exported: int) -> int:
    """Write the corrections file when there are newer ones; the last correction's number."""
    with reading(office.engine) as conn:
        last = reports.last_correction_id(conn)
    if last > exported:
        export_corrections(office, office.home / CORRECTIONS_FILE)
    return last


def export_if_recoded(office: Office, coded: int) -> int:
    """The same when an import brought more feedback codes that teach; how many there are."""
    with reading(office.engine) as conn:
        now = feedback.count(office, conn)
    if now != coded and coded >= 0:
        export_corrections(office, office.home / CORRECTIONS_FILE)
    return now


def forget_old(office: Office) -> int:
    """Delete tracks, pictures and dead letters older than configured; how many rows went."""
    now, kept = office.clock(), office.settings.retention
    with writing(office.engine) as conn:
        gone = telemetry.forget_before(
            conn,
            tracks=now - timedelta(days=kept.track_days),
            letters=now - timedelta(days=kept.dead_letter_days),
        )
        gone += confirmations.forget_before(conn, now - confirming.KEEP)
        gone += custody.forget_before(conn, now - timedelta(days=kept.track_days))
        gone += frames.forget_before(conn, now - timedelta(days=kept.frame_days))
    if gone:
        log.info("retention", rows=gone)
    return gone


def _safely(job: Callable[[], int], fallback: int) -> int:
    try:
        return job()
    except (SQLAlchemyError, OfficeError, OSError) as error:
        log.error("job_failed", error=type(error).__name__)
        return fallback
