"""Run a command that is told to stop when whoever started it is gone.

``python leash.py PARENT_PID COMMAND…``: asks the kernel for SIGTERM on the parent's death
(Linux, prctl(2) PR_SET_PDEATHSIG, which survives exec), then becomes the command. A program of
its own because code between fork and exec is unsafe beside threads. Elsewhere it only execs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> int:
    parent, command = int(argv[1]), argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before the kernel knew of us
            return 1
    try:
        os.execvp(command[0], command)  # noqa: S606 - the supervisor's own command
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be run: {error.strerror}\n")
        return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv))
