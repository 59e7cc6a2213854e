"""A sweep that is killed in the middle of its clocks: every deadline acts once all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from server.domain.sla import OPEN_STATES, PlannedDeadline
from server.office import Office, utc_now
from server.store import cases
from server.store import events as event_rows
from server.store.engine import reading, writing
from server.store.tables import deadlines, events
from server.sweep import sweep_once

CASES, CLOCKS = 4, 60
SWEEPER = """
import sys
from pathlib import Path
from server.app import open_office
from server.config import Settings
from server.sweep import sweep_once
tables = {"database": {"url": sys.argv[2]}, "dispatch": {"mode": "suggest"}}
office = open_office(Path(sys.argv[1]), Settings.model_validate(tables))
print("ready", flush=True)
while True:
    print(sweep_once(office).missed, flush=True)
"""


def waiting(office: Office) -> int:
    with reading(office.engine) as conn:
        still = select(func.count()).where(deadlines.c.state.in_(OPEN_STATES))
        return conn.execute(still).scalar_one()


def killed_somewhere(office: Office, url: str, *, acts_before: int) -> int:
    """A real sweep in a process of its own, killed (SIGKILL) after some acts; how many are left."""
    before = waiting(office)
    process = subprocess.Popen(
        [sys.executable, "-c", SWEEPER, str(office.home), url],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        end = time.monotonic() + 60
        while before - waiting(office) < acts_before and time.monotonic() < end:
            pass
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    return waiting(office)


def test_every_deadline_acts_once_though_the_sweep_is_killed_again_and_again(
    street: Office, file, with_settings, database_url: str
) -> None:
    """Deadlines long past; sweeps die in the middle, the last one finishes their work."""
    held = replace(with_settings(dispatch={"mode": "suggest"}), clock=utc_now)
    case_ids = [file(office=held).answer["case"]["id"] for _ in range(CASES)]
    begun = datetime.now(UTC) - timedelta(hours=1)
    with writing(held.engine) as conn:
        for case_id in case_ids:
            dues = [begun + timedelta(seconds=second) for second in range(CLOCKS)]
            plans = [PlannedDeadline("closed", due, due) for due in dues]
            cases.add_deadlines(conn, case_id, None, plans)
    left = [killed_somewhere(held, database_url, acts_before=acts) for acts in (3, 20, 40)]
    assert 0 < left[0] < CASES * CLOCKS, "the first one died in the middle"
    sweep_once(held)
    assert waiting(held) == 0
    with reading(held.engine) as conn:
        rows = conn.execute(select(events).where(events.c.kind == "deadline_missed"))
        told = Counter((row.case_id, row.body["due_at"]) for row in rows)
        broken = event_rows.first_break(conn)
    assert len(told) == CASES * CLOCKS
    assert set(told.values()) == {1}
    assert broken is None
