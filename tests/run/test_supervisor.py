"""Parts that live, die and stop, as real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from server.supervise.address import Address, Ports, parse
from server.supervise.backoff import Backoff
from server.supervise.errors import AddressTaken, BadAddress, HomeInUse, PartFailed
from server.supervise.lock import alone, supervising, working
from server.supervise.part import Part
from server.supervise.supervisor import START_DEATHS, Supervisor

QUICK = Backoff(first_s=0.02, longest_s=0.1, steady_s=60)
LIVES = "print('ready', flush=True); import time; time.sleep(60)"
"""A part that answers and stays."""
WRITES_ITS_END = """
import signal, sys, time
def end(*_):
    open(sys.argv[2], 'a').write(sys.argv[1] + ' ')
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print('ready', flush=True)
while True: time.sleep(0.02)
"""


def _part(name: str, code: str, *arguments: str, stop_s: float = 2, **more: object) -> Part:
    return Part(name, (sys.executable, "-c", code, *arguments), stop_s, **more)  # type: ignore[arg-type]


def _until(true: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"


def _run(
    supervisor: Supervisor, each_tick: Callable[[Event], None], said: list[str] | None = None
) -> int:
    """Run until ``each_tick`` sets the event; how often it became ready."""
    stop, ready = Event(), []
    end = time.monotonic() + 15

    def tick() -> None:
        assert time.monotonic() < end, said
        each_tick(stop)

    supervisor.run(stop, on_ready=lambda: ready.append(1), on_tick=tick)
    return len(ready)


def test_a_part_waits_for_the_one_it_needs_and_all_are_stopped_in_order(tmp_path: Path) -> None:
    log = tmp_path / "ends"
    log.touch()
    parts = [
        _part("second", WRITES_ITS_END, "second", str(log), after=("first",)),
        _part("first", WRITES_ITS_END, "first", str(log)),
    ]
    supervisor = Supervisor(parts, say=print)
    pids: list[int | None] = []

    def tick(stop: Event) -> None:
        if all(supervisor.pid(name) for name in ("first", "second")):
            pids.extend([supervisor.pid("first"), supervisor.pid("second")])
            stop.set() if len(pids) > 10 else None

    assert _run(supervisor, tick) == 1
    assert log.read_text() == "second first "


def test_a_killed_part_is_started_again_and_reported_once_ready_is_said() -> None:
    said: list[str] = []
    supervisor = Supervisor([_part("one", LIVES)], say=said.append, backoff=QUICK)
    killed: list[int] = []

    def tick(stop: Event) -> None:
        pid = supervisor.pid("one")
        if pid and not killed:
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)
        elif pid and killed and pid != killed[0]:
            stop.set()

    assert _run(supervisor, tick, said) <= 1
    assert len(said) == 1
    assert "one ended with signal SIGKILL" in said[0]


def test_a_part_that_never_comes_up_ends_the_attempt() -> None:
    said: list[str] = []
    supervisor = Supervisor([_part("bad", "raise SystemExit(3)")], say=said.append, backoff=QUICK)
    with pytest.raises(PartFailed, match=r"bad does not come up.*code 3"):
        _run(supervisor, lambda _: None, said)
    assert len(said) == START_DEATHS - 1


def test_a_deaf_part_is_killed_and_said_so() -> None:
    said: list[str] = []
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + LIVES
    supervisor = Supervisor([_part("deaf", deaf, stop_s=0.2)], say=said.append)
    pids: set[int] = set()
    began: list[float] = []

    def tick(stop: Event) -> None:
        pid = supervisor.pid("deaf")
        if pid:
            pids.add(pid)
            began.append(time.monotonic())
        if began and time.monotonic() - began[0] > 0.5:
            stop.set()

    _run(supervisor, tick)
    assert said == ["deaf did not stop in time and was killed"]
    assert all(_gone(pid) for pid in pids)


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel offers it")
def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    code = f"""
from threading import Event
import sys
from server.supervise.part import Part
from server.supervise.supervisor import Supervisor
s = Supervisor([Part("one", (sys.executable, "-c", {LIVES!r}), 2)], say=print)
s.run(Event(), on_ready=lambda: print(s.pid("one"), flush=True), on_tick=lambda: None)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        _until(lambda: _gone(child))


def test_backoff_doubles_up_to_a_bound_and_forgets_after_a_steady_life() -> None:
    rule = Backoff(first_s=0.5, longest_s=30, steady_s=60)
    assert [rule.delay_s(n) for n in (1, 2, 3, 6, 7, 1000)] == [0.5, 1, 2, 16, 30, 30]
    assert rule.deaths_in_a_row(7, lived_s=1) == 8
    assert rule.deaths_in_a_row(7, lived_s=61) == 1


def test_addresses() -> None:
    assert parse("127.0.0.1:8000") == Address("127.0.0.1", 8000)
    assert str(parse("[::1]:80")) == "[::1]:80"
    assert parse("0.0.0.0:1").to_reach.host == "127.0.0.1"
    assert [parse(f"{h}:1").is_loopback for h in ("127.9.9.9", "localhost", "10.0.0.1")] == [
        True,
        True,
        False,
    ]
    for bad in ("8000", ":8000", "h:", "h:x", "h:70000", "h:-1"):
        with pytest.raises(BadAddress):
            parse(bad)


def test_a_taken_port_is_an_error_only_when_somebody_chose_it() -> None:
    with socket.socket() as other, Ports() as ports:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = Address("127.0.0.1", other.getsockname()[1])
        with pytest.raises(AddressTaken, match="--http"):
            ports.settle(taken, option="--http", any_port=False)
        assert ports.settle(taken, option="--http", any_port=True).port != taken.port


def test_a_port_is_kept_until_its_part_listens_and_after_it_ended() -> None:
    """Between the choice and a part's start lie seconds; the same port must still be free."""
    with Ports() as ports:
        kept = ports.settle(parse("127.0.0.1:0"), option="--http", any_port=False)
        at = (kept.host, kept.port)
        for _ in range(2):
            with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
                stranger.bind(at)
            with socket.socket() as part:
                part.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                part.bind(at)
                part.listen()
                with socket.create_connection(at, timeout=5), part.accept()[0]:
                    pass
    with Ports() as again:
        assert again.settle(kept, option="--http", any_port=False) == kept


def test_one_supervisor_per_home_and_restore_only_alone(tmp_path: Path) -> None:
    with supervising(tmp_path), pytest.raises(HomeInUse, match=str(os.getpid())):
        supervising(tmp_path).__enter__()
    with working(tmp_path), working(tmp_path), pytest.raises(HomeInUse):
        alone(tmp_path).__enter__()
    with alone(tmp_path):
        pass
