"""A challenger in shadow: it reads live reports after the champion has judged them, in a process
of its own at low priority, and decides nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from server.domain.errors import Conflict, Invalid, NotAllowed
from server.domain.events import NewEvent
from server.domain.roles import SYSTEM, Action, Actor
from server.office import Office
from server.services import models
from server.services.ids import new_id
from server.store import events, shadows
from server.store.engine import reading, writing
from triage.errors import ModelUnavailable

BATCH = 100
MOST = 20_000
"""Reports read in one shadow; then it ends by itself and says so."""
SHOWN = 20
BATCH_S = 300
_COMMAND = "import os; os.nice(10); from triage.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Shadow:
    """``waiting`` are reports it has not read yet; ``differences`` the newest."""

    row: Row[Any]
    read: int
    differing: int
    waiting: int
    differences: Sequence[Row[Any]]

    @property
    def running(self) -> bool:
        return self.row.ended_at is None


def start(office: Office, model: str, *, actor: Actor, why: str) -> None:
    """Let ``model`` read every report from now on. Raises Conflict while another does."""
    _allowed(actor)
    try:
        models.registry(office).find(model)
    except ModelUnavailable as error:
        raise Invalid("name", "没有这个模型，请刷新页面") from error
    if model == office.judge.name:
        raise Invalid("name", "现用模型无须试运行")
    now = office.clock()
    row = {"id": new_id(now), "model": model, "started_at": now, "started_by": actor.name}
    try:
        with writing(office.engine) as conn:
            row |= {"why": why, "read_to": shadows.last_prediction(conn)}
            shadows.add(conn, row)
            told = NewEvent("shadow_started", now, actor.name, body={"model": model})
            events.tell(conn, [told])
    except IntegrityError as error:
        raise Conflict("Another model is in shadow; end that first.") from error


def stop(office: Office, *, actor: Actor) -> None:
    """End the shadow; what it read stays. Raises Conflict when there is none."""
    _allowed(actor)
    with reading(office.engine) as conn:
        row = shadows.current(conn)
    if row is None or not _end(office, row, actor.name):
        raise Conflict("No model is in shadow.")


def view(office: Office) -> Shadow | None:
    """The present shadow, or the last; None when there was none."""
    with reading(office.engine) as conn:
        row = shadows.newest(conn)
        if row is None:
            return None
        read, differing = shadows.counts(conn, row.id)
        waiting = shadows.waiting(conn, row.read_to) if row.ended_at is None else 0
        found = shadows.differences(conn, row.id, limit=SHOWN)
    return Shadow(row, read, differing, waiting, found)


def read_by(office: Office, model: str) -> int:
    """Live reports that model has read beside a champion."""
    with reading(office.engine) as conn:
        return shadows.read_by(conn, model)


def read_batch(office: Office) -> int:
    """Let the challenger read what waits, at most ``BATCH``; how many it read. Any number of
    workers may try; one batch counts once."""
    with reading(office.engine) as conn:
        row = shadows.current(conn)
        waiting = shadows.unread(conn, row.read_to, limit=BATCH) if row is not None else []
        read = shadows.counts(conn, row.id)[0] if row is not None else 0
    if row is None:
        return 0
    if read >= MOST or row.model == office.judge.name:
        _end(office, row, SYSTEM)
        return 0
    if not waiting:
        return 0
    said, fault = _ask(office, row.model, waiting)
    with writing(office.engine) as conn:
        if fault:
            shadows.note_fault(conn, row.id, fault)
            return 0
        now = office.clock()
        kept = [
            {**_reading(old, new), "shadow_id": row.id, "at": now}
            for old, new in zip(waiting, said, strict=True)
        ]
        mine = shadows.keep(conn, row.id, kept, before=row.read_to, after=waiting[-1].id)
    return len(kept) if mine else 0


def _reading(old: Row[Any], new: dict[str, Any]) -> dict[str, Any]:
    before = old.assessment
    differs = (before["label"], before["route"]) != (new["label"], new["route"])
    return {
        "report_id": old.report_id,
        "champion": old.model,
        "label": new["label"],
        "route": new["route"],
        "p_police": new["p"]["police"],
        "champion_label": before["label"],
        "champion_route": before["route"],
        "champion_p_police": before["p"]["police"],
        "differs": differs,
    }


def _ask(
    office: Office, model: str, rows: Sequence[Row[Any]]
) -> tuple[list[dict[str, Any]], str | None]:
    """The challenger's assessments in order, or why there are none. Texts go by pipe only."""
    lines = [json.dumps({"id": str(n), "text": row.text}) for n, row in enumerate(rows)]
    words = ["assess", "-", f"--model={model}", f"--home={office.home}"]
    try:
        done = subprocess.run(  # noqa: S603 - our own command, its words checked
            [sys.executable, "-P", "-c", _COMMAND, *words],
            input="\n".join(lines),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=BATCH_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [], f"no answer within {BATCH_S} s"
    said = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0 or len(said) != len(rows):
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        unexpected = "Traceback" in done.stderr
        return [], f"unexpected {last.partition(':')[0]}" if unexpected else last[:400]
    return said, None


def _end(office: Office, row: Row[Any], by: str) -> bool:
    now = office.clock()
    with writing(office.engine) as conn:
        ended = shadows.end(conn, row.id, ended_at=now, ended_by=by)
        if ended:
            told = NewEvent("shadow_ended", now, by, body={"model": row.model})
            events.tell(conn, [told])
    return ended


def _allowed(actor: Actor) -> None:
    if not actor.may(Action.MANAGE_MODELS):
        raise NotAllowed
