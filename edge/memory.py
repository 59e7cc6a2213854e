"""Memory given back to the machine after a backlog.

What a backlog took is free afterwards, but the C library keeps it: it returns pages from the end of
its heap only, and a thread's own heap hardly ever. Elsewhere than with glibc nothing is done.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

MOST_HEAPS = 2
_M_ARENA_MAX = -8


def bound_heaps() -> bool:
    """At most two heaps for all threads: call once, before threads start. False: not glibc."""
    mallopt = _glibc("mallopt")
    return mallopt is not None and bool(mallopt(_M_ARENA_MAX, MOST_HEAPS))


def give_back() -> bool:
    """Returns free pages of all heaps, some milliseconds at most. False: not glibc."""
    trim = _glibc("malloc_trim")
    if trim is None:
        return False
    trim(0)
    return True


def _glibc(name: str) -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return None
    return found
