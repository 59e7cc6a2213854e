"""What a confirmation means: all of a run up to a number is safely stored. Pure.

Numbers count from 1; a 0 is taken too and not waited for. A number that is missing holds the
confirmation back until it comes, until the device says that it holds nothing so old any more
(``lowest_held``), or until it has been waited for long enough; the last is counted as given up,
and never applies to numbers that we ourselves shed.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

MAX_ABOVE = 100_000


@dataclass(frozen=True, slots=True)
class Ack:
    """All of the run ``boot`` of a device up to ``seq`` is stored by the server."""

    device_id: str
    boot: str
    seq: int


@dataclass(frozen=True, slots=True)
class Run:
    """How far one run of a device is confirmed.

    ``seq`` is -1 while nothing is; ``above`` are numbers stored beyond a gap; ``gap_since`` is
    when the gap was first seen, in seconds.
    """

    seq: int = -1
    above: frozenset[int] = frozenset()
    gap_since: float | None = None


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What may still come: the lowest number in the outbox, the lowest one the device holds, and
    the highest that was shed here, so that the device must send it again (-1: none)."""

    lowest_in_outbox: int | None = None
    lowest_held: int | None = None
    shed_to: int = -1


@dataclass(frozen=True, slots=True)
class Advanced:
    run: Run
    given_up: int


def advance(
    run: Run, stored: AbstractSet[int], *, outstanding: Outstanding, now_s: float, gap_s: float
) -> Advanced:
    """The run after more of its numbers were stored, and how many numbers were given up."""
    above = frozenset(number for number in run.above | stored if number > run.seq)
    moved = _contiguous(replace(run, above=above))
    if outstanding.lowest_held is not None:
        moved = _pass(moved, outstanding.lowest_held - 1, outstanding)
    if not moved.above:
        return Advanced(replace(moved, gap_since=None), 0)
    if moved.seq > run.seq or moved.gap_since is None:
        return Advanced(replace(moved, gap_since=now_s), 0)
    if moved.seq < outstanding.shed_to:
        return Advanced(replace(moved, above=frozenset(sorted(moved.above)[:MAX_ABOVE])), 0)
    too_long = gap_s > 0 and now_s - moved.gap_since >= gap_s
    if not too_long and len(moved.above) <= MAX_ABOVE:
        return Advanced(moved, 0)
    passed = _pass(moved, min(moved.above) - 1, outstanding)
    arrived = len(moved.above) - len(passed.above)
    return Advanced(replace(passed, gap_since=now_s), passed.seq - moved.seq - arrived)


def _contiguous(run: Run) -> Run:
    seq = run.seq
    if seq == -1 and 0 not in run.above and 1 in run.above:
        seq = 0
    while seq + 1 in run.above:
        seq += 1
    return replace(run, seq=seq, above=frozenset(n for n in run.above if n > seq))


def _pass(run: Run, target: int, outstanding: Outstanding) -> Run:
    """Up to ``target`` nothing more will come, but never past what still waits in the outbox."""
    if outstanding.lowest_in_outbox is not None:
        target = min(target, outstanding.lowest_in_outbox - 1)
    return _contiguous(replace(run, seq=max(run.seq, target)))
