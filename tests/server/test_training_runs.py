"""Training from the console: one at a time, watched, cancelled, lost; with the real command."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import pytest

from server.domain.errors import Conflict, Invalid, NotAllowed
from server.domain.roles import Actor, Role
from server.domain.training import LEASE, RunState
from server.learner import Learner
from server.office import Office, utc_now
from server.services import audit, training
from server.store.events import EventFilter
from triage.registry import Registry
from triage.shipped import datasets_dir, models_dir

CHEF = Actor("made-up-chef", Role.SUPERVISOR)
PATIENCE_S = 180


class Clock(Protocol):
    def forward(self, seconds: float) -> datetime: ...


@pytest.fixture(scope="module")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every fortieth row: a model in seconds."""
    folder = tmp_path_factory.mktemp("corpus")
    for file in sorted((datasets_dir() / "corpus").glob("*.jsonl")):
        rows = file.read_text("utf-8").splitlines(keepends=True)[::40]
        (folder / file.name).write_text("".join(rows), "utf-8")
    return folder


@pytest.fixture
def working(office: Office) -> Office:
    """The office by the real clock: its workers watch a real process."""
    return replace(office, clock=utc_now)


Hire = Callable[..., Learner]


@pytest.fixture
def hire(tiny_corpus: Path) -> Iterator[Hire]:
    hired: list[Learner] = []

    def one(office: Office, *more: str) -> Learner:
        hired.append(Learner(office, more=(f"--corpus={tiny_corpus}", *more)))
        return hired[-1]

    yield one
    for learner in hired:
        learner.close()


def until(learner: Learner, met: Callable[[], bool]) -> None:
    """Rounds until something is so; the time out is for a machine that hangs."""
    end = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < end, "it never came"
        learner.round()
        time.sleep(0.05)


def state_of(office: Office) -> str:
    return str(training.log(office)[0].state)


def over(office: Office) -> bool:
    return state_of(office) not in {RunState.WAITING, RunState.RUNNING}


def kinds(office: Office) -> list[str]:
    page = audit.event_page(office, EventFilter()).items
    return [event.kind for event in reversed(page) if event.kind.startswith("training_")]


def test_a_run_makes_a_candidate_and_tells_how_far_it_is(working: Office, hire: Hire) -> None:
    run_id = training.ask(working, actor=CHEF, encoder="none")
    learner = hire(working)
    shares: list[float] = []

    def finished() -> bool:
        shares.append(training.log(working)[0].share)
        return over(working)

    until(learner, finished)
    (row,) = training.log(working)
    assert (row.id, row.state, row.share) == (run_id, "done", 1.0), row.fault
    assert shares == sorted(shares)
    assert 50 < row.peak_mb < 4096
    assert row.figures["metrics"]["n"] > 100
    made = Registry(models_dir(), working.home / "models").find(row.model)
    assert json.loads((made.path / "manifest.json").read_text("utf-8"))["kind"] == "linear"
    assert kinds(working) == ["training_asked", "training_done"]


def test_one_at_a_time_across_workers(office: Office) -> None:
    run_id = training.ask(office, actor=CHEF)
    with pytest.raises(Conflict):
        training.ask(office, actor=CHEF)
    first, second = training.claim(office, "a:1"), training.claim(office, "b:2")
    assert first is not None
    assert (first.id, second) == (run_id, None)
    with pytest.raises(Conflict):
        training.ask(office, actor=CHEF)


def test_a_run_that_waits_is_cancelled_at_once(office: Office) -> None:
    run_id = training.ask(office, actor=CHEF)
    training.cancel(office, run_id, actor=CHEF)
    assert (state_of(office), training.claim(office, "a:1")) == ("cancelled", None)
    with pytest.raises(Conflict):
        training.cancel(office, run_id, actor=CHEF)
    assert kinds(office) == ["training_asked", "training_cancelled"]


def test_a_running_run_is_cancelled_and_its_process_is_gone(working: Office, hire: Hire) -> None:
    run_id = training.ask(working, actor=CHEF, encoder="none")
    learner = hire(working)
    until(learner, lambda: learner.child is not None)
    assert learner.child is not None
    pid = learner.child.pid
    training.cancel(working, run_id, actor=CHEF)
    until(learner, lambda: over(working))
    (row,) = training.log(working)
    assert (row.state, row.cancelled_by) == ("cancelled", CHEF.name)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not list((working.home / "models").glob("triage-*"))


def test_a_worker_that_is_not_heard_leaves_a_failed_run(office: Office, clock: Clock) -> None:
    run_id = training.ask(office, actor=CHEF)
    assert training.claim(office, "gone:1") is not None
    clock.forward((LEASE - timedelta(seconds=1)).total_seconds())
    assert training.beat(office, run_id, "gone:1", stage="fit", share=0.4, peak_mb=300)
    clock.forward(LEASE.total_seconds() - 1)
    assert training.bury_lost(office) == 0
    clock.forward(2)
    assert training.bury_lost(office) == 1
    (row,) = training.log(office)
    assert (row.state, row.fault, row.share) == ("failed", "lost", 0.4)
    assert not training.beat(office, run_id, "gone:1", stage="fit", share=0.5, peak_mb=300)
    assert training.ask(office, actor=CHEF), "the place is free again"


def test_a_process_that_is_killed_is_a_failed_run(working: Office, hire: Hire) -> None:
    training.ask(working, actor=CHEF, encoder="none")
    learner = hire(working)
    until(learner, lambda: learner.child is not None)
    assert learner.child is not None
    os.kill(learner.child.pid, signal.SIGKILL)
    until(learner, lambda: over(working))
    (row,) = training.log(working)
    assert (row.state, row.fault) == ("failed", "said: it ended with code -9")


def test_a_worker_that_stops_says_so(working: Office, hire: Hire) -> None:
    training.ask(working, actor=CHEF, encoder="none")
    learner = hire(working)
    until(learner, lambda: learner.child is not None)
    learner.close()
    assert training.log(working)[0].fault == "stopped"


@pytest.mark.parametrize(
    ("bound", "fault"), [({"train_memory_mb": 256}, "memory"), ({"train_minutes": 1}, "time")]
)
def test_memory_and_time_are_bounded(
    with_settings: Callable[..., Office],
    hire: Hire,
    bound: dict[str, int],
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # With one thread of its own OpenBLAS is refused memory later, where it asks again for ever:
    # then only the bound on time ends the run.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    office = replace(with_settings(models=bound), clock=utc_now)
    training.ask(office, actor=CHEF)
    learner = hire(office)
    until(learner, lambda: learner.child is not None)
    for minutes in (0.3, 0.6, 0.9, 1.2) if fault == "time" else ():
        at = utc_now() + timedelta(minutes=minutes)
        learner._office = replace(office, clock=lambda at=at: at)
        learner.round()
    until(learner, lambda: over(office))
    (row,) = training.log(office)
    assert row.state == "failed"
    assert row.fault == fault or "more memory than the 256 MB" in row.fault


def test_what_training_says_is_kept(working: Office, hire: Hire) -> None:
    training.ask(working, actor=CHEF, encoder="none")
    learner = hire(working, "--name=../x")
    until(learner, lambda: over(working))
    assert training.log(working)[0].fault.startswith("said: A name is made of letters")


def test_who_may_not_manage_models_trains_nothing(office: Office) -> None:
    with pytest.raises(NotAllowed):
        training.ask(office, actor=Actor("made-up-anna", Role.DISPATCHER))
    with pytest.raises(Invalid):
        training.ask(office, actor=CHEF, encoder="--help")
