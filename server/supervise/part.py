"""One part under supervision: what to run, and the process that runs it now."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from server.supervise.backoff import Backoff

_LEASH = Path(__file__).with_name("leash.py")
READY_LINE = b"ready"
_KEPT_OUTPUT = 65_536


def leashed(command: tuple[str, ...]) -> list[str]:
    """The command line that ends with us."""
    return [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *command]


def python(entry: str, *arguments: str) -> tuple[str, ...]:
    """``module:function`` run by this interpreter, never shadowed by the working folder."""
    module, _, function = entry.partition(":")
    code = f"import sys; from {module} import {function} as run; sys.exit(run())"
    return (sys.executable, "-P", "-c", code, *arguments)


@dataclass(frozen=True, slots=True)
class Part:
    """``answers`` is asked until it says yes; None waits for the line ``ready`` on stdout."""

    name: str
    command: tuple[str, ...]
    stop_s: float
    env: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    answers: Callable[[], bool] | None = None
    needed: bool = True
    """Whether the installation counts as ready only with this part."""


class Running:
    """The process of a part over its restarts."""

    def __init__(self, part: Part, backoff: Backoff) -> None:
        self.part = part
        self.answered = False
        self.starts = 0
        self.deaths = 0
        self.start_at = 0.0
        self.code = 0
        self._backoff = backoff
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._output = b""

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own commands
            leashed(self.part.command),
            env={**os.environ, **self.part.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone; it stops us in order
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self.starts += 1
        self.answered = False
        self._started_at = time.monotonic()
        self._output = b""

    def check_answer(self) -> bool:
        """Whether the part has answered since its last start; asks it if not."""
        lines = self._drain()
        if not self.answered and self.alive:
            asked = self.part.answers
            self.answered = READY_LINE in lines if asked is None else asked()
        return self.answered

    def bury(self) -> float | None:
        """If it just died: the seconds until its next start; ``code`` then says how it ended."""
        if self._process is None or self._process.poll() is None:
            return None
        self._drain()
        lived = time.monotonic() - self._started_at
        self.deaths = self._backoff.deaths_in_a_row(self.deaths, lived_s=lived)
        delay = self._backoff.delay_s(self.deaths)
        self.start_at = time.monotonic() + delay
        self.code = self._process.returncode
        self._close()
        return delay

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def stop(self, *, at_most_s: float) -> bool:
        """Ask it to end, then make it; True when asking was enough."""
        if self._process is None:
            return True
        self.signal(signal.SIGTERM)
        asked = self._wait(at_most_s)
        if not asked:
            self._process.kill()
            self._process.wait()
        self._drain()
        self._close()
        return asked

    def _wait(self, seconds: float) -> bool:
        """Wait for the end and keep its pipe empty, or it could not write its last lines."""
        until = time.monotonic() + seconds
        while self.alive and time.monotonic() < until:
            self._drain()
            time.sleep(0.02)
        return not self.alive

    def _close(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def _drain(self) -> list[bytes]:
        """Lines so far; stdout belongs to the supervisor's one line, so they go to stderr."""
        assert self._process is None or self._process.stdout is not None
        chunk = self._process.stdout.read() if self._process and self._process.stdout else None
        if chunk:
            sys.stderr.buffer.write(chunk)
            sys.stderr.flush()
            self._output = (self._output + chunk)[-_KEPT_OUTPUT:]
        return [line.strip() for line in self._output.split(b"\n")[:-1]]
