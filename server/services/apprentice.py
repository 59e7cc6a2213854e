"""The process that trains: `xiaonao-triage train` or `risk`, watched from outside.

It runs at low priority, under its own memory bound, and ends when its standard input closes, so
that none is left behind by a worker that was killed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any

_COMMAND = "from triage.cli import main; main()"
_KEPT_LINES = 20
_SAID_MOST = 400
_ASKED_S = 8.0
"""Time to clean up after being told to end."""


class Apprentice:
    """One training run in its own process; ask ``alive``, ``stage``, ``share``, ``rss_mb``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.stage: str | None = None
        self.share = 0.0
        self.peak_mb = 0
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        self._answer = ""
        readers = (self._read_progress, self._read_answer)
        self._threads = [threading.Thread(target=read, daemon=True) for read in readers]
        for thread in self._threads:
            thread.start()

    @classmethod
    def start(
        cls, home: Path, *, encoder: str, memory_mb: int, more: tuple[str, ...] = ()
    ) -> Apprentice:
        """``more`` are further options of the command, such as another corpus."""
        words = ["train", f"--home={home}", f"--memory-mb={memory_mb}", "--attended", *more]
        if encoder:
            words.append(f"--encoder={encoder}")
        return cls._start(words)

    @classmethod
    def start_refit(cls, home: Path, history: Path) -> Apprentice:
        """Refit the recurrence rule on an exported history."""
        return cls._start(["risk", f"--home={home}", f"--fit={history}", "--save", "--attended"])

    @classmethod
    def _start(cls, words: list[str]) -> Apprentice:
        process = subprocess.Popen(  # noqa: S603 - our own command, its words checked
            [sys.executable, "-P", "-c", _COMMAND, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C reaches the worker alone; it ends us in order
        )
        return cls(process)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def look(self) -> int:
        """Megabytes it holds now, 0 where the system does not tell; keeps the peak."""
        now, peak = _memory_mb(self._process.pid)
        self.peak_mb = max(self.peak_mb, peak)
        return now

    def result(self) -> dict[str, Any] | None:
        """What it made, once it has ended well; None when it has not."""
        self._join()
        if self._process.returncode != 0:
            return None
        try:
            answer: dict[str, Any] = json.loads(self._answer)
            return answer if answer.get("candidate") else None
        except ValueError:
            return None

    def complaint(self) -> str:
        """Its last sentence; of an unexpected error only the kind, which holds nobody's words."""
        self._join()
        lines = list(self._said)
        last = lines[-1] if lines else f"it ended with code {self._process.returncode}"
        if any(line.startswith(("Traceback", "  File ")) for line in lines):
            last = f"unexpected {last.partition(':')[0]}"
        return last[:_SAID_MOST]

    def end(self, *, within_s: float = _ASKED_S) -> None:
        """Tell it to end, and make it when it does not."""
        self._process.terminate()
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._join()

    def _join(self) -> None:
        self._process.wait()
        for thread in self._threads:
            thread.join()
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()

    def _read_progress(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self._note(line.rstrip())

    def _note(self, line: str) -> None:
        try:
            told = json.loads(line)
            self.stage, self.share = str(told["stage"])[:16], float(told["share"])
        except (ValueError, KeyError, TypeError):
            if line:
                self._said.append(line)

    def _read_answer(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as out:
            self._answer = out.read(1_000_000)


def _memory_mb(pid: int) -> tuple[int, int]:
    """Resident megabytes of a process, now and at most; noughts when it cannot be seen."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", errors="replace").splitlines()
    except OSError:
        return 0, 0
    found = dict(line.split(":", 1) for line in lines if ":" in line)
    sizes = (found.get(name, "0 kB").split()[0] for name in ("VmRSS", "VmHWM"))
    now, peak = (int(kilobytes) * 1024 // 1_000_000 for kilobytes in sizes)
    return now, peak
