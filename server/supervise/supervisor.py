"""The loop that keeps parts alive, says when all answer, and stops them in order."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from threading import Event

from server.supervise.backoff import Backoff
from server.supervise.errors import PartFailed
from server.supervise.part import Part, Running

TICK_S = 0.1
START_S = 120.0
"""Longest wait for all parts to answer for the first time."""
START_DEATHS = 5
"""A part that dies this often before it ever answered will not come up by trying again."""

Say = Callable[[str], None]
Hook = Callable[[], None]


class Supervisor:
    """``parts`` in the order they are stopped; ``Part.after`` says the order they start in."""

    def __init__(self, parts: Sequence[Part], *, say: Say, backoff: Backoff | None = None) -> None:
        self._running = {part.name: Running(part, backoff or Backoff()) for part in parts}
        self._say = say
        self._ready = False

    def pid(self, name: str) -> int | None:
        return self._running[name].pid

    def signal(self, name: str, number: signal.Signals) -> None:
        self._running[name].signal(number)

    def run(
        self, stop: Event, *, on_ready: Callable[[], None], on_tick: Callable[[], None]
    ) -> None:
        """Until ``stop`` is set; then stops every part. Raises PartFailed before it is ready."""
        began = time.monotonic()
        try:
            while not stop.is_set():
                self._step()
                self._announce(on_ready, began)
                on_tick()
                stop.wait(TICK_S)
        finally:
            self.stop()

    def stop(self) -> None:
        for running in self._running.values():
            if not running.stop(at_most_s=running.part.stop_s):
                self._say(f"{running.part.name} did not stop in time and was killed")

    def _step(self) -> None:
        for running in self._running.values():
            self._look_after(running)
        for running in self._running.values():
            if running.alive:
                running.check_answer()

    def _look_after(self, running: Running) -> None:
        delay = running.bury()
        if delay is not None:
            self._report_death(running, delay)
        if not running.alive and time.monotonic() >= running.start_at and self._may(running):
            running.start()

    def _may(self, running: Running) -> bool:
        """A first start waits for others to answer; a restart does not."""
        return running.starts > 0 or all(
            self._running[name].answered for name in running.part.after
        )

    def _report_death(self, running: Running, delay: float) -> None:
        name = running.part.name
        if not self._ready and running.part.needed and running.deaths >= START_DEATHS:
            raise PartFailed(name, f"it ended {running.deaths} times with {_ending(running.code)}")
        self._say(
            f"{name} ended with {_ending(running.code)}; "
            f"starting it again in {delay:g} s (start {running.starts + 1})"
        )

    def _announce(self, on_ready: Hook, began: float) -> None:
        if self._ready:
            return
        silent = [r.part.name for r in self._running.values() if r.part.needed and not r.answered]
        if not silent:
            self._ready = True
            on_ready()
        elif time.monotonic() - began > START_S:
            raise PartFailed(silent[0], f"it does not answer within {START_S:g} s")


def _ending(code: int) -> str:
    if code >= 0:
        return f"code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
