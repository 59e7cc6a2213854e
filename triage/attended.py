"""A command that another program started and watches: it says how far it is, keeps within its
memory, and ends when that program is gone."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time

_NICENESS = 10
_NEARLY = 0.7
_GRACE_S = 20.0
"""Time to clean up once told to end; a library's long call may not hear a signal at once."""


def say(stage: str, share: float) -> None:
    """One JSON line of progress on stderr: ``{"stage", "share"}``."""
    sys.stderr.write(json.dumps({"stage": stage, "share": share}) + "\n")
    sys.stderr.flush()


def keep_still(_stage: str, _share: float) -> None:
    """For whoever did not ask."""


def bound_memory(megabytes: int) -> None:
    """More than so much working memory raises MemoryError (RLIMIT_DATA: files mapped for reading
    do not count)."""
    size = megabytes * 1_000_000
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def ran_short(megabytes: int) -> bool:
    """Whether this process has held nearly as much as that."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return peak > _NEARLY * megabytes * 1_000_000


def stand_back() -> None:
    """Run at low priority, and end as on SIGTERM when standard input is closed: whoever started
    us is gone."""
    os.nice(_NICENESS)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_wait_for_the_end, name="attended", daemon=True).start()


def _leave(_number: int, _frame: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def _wait_for_the_end() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(128 + signal.SIGTERM)
