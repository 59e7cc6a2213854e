"""Who carried a device at a moment: what was handed over, and what the roster planned. Pure.

A hand-over says the unit and may name a member. A shift of the roster may name a device and who
carries it; within the unit that holds the device, the later of the two words counts: a hand-over
in the middle of a shift overrules the plan, the next shift's plan overrules the hand-over. Where
neither names anybody, a shift with a single member speaks for itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

CARRIED = frozenset({"bodycam", "radio", "tracker"})
"""Kinds that are handed from one to another. A phone is its account's; a camera on a wall and a
gateway have no carrier."""


class Bound(StrEnum):
    """``duty``: with a member on duty. ``off_duty``: with a member whose shift does not run.
    ``unit``: with a unit that does not say whose it is. ``nobody``: with no unit."""

    DUTY = "duty"
    OFF_DUTY = "off_duty"
    UNIT = "unit"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Hands:
    """Where a device goes: to a unit, and to a member of it if one is named."""

    unit_id: str | None
    member: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """A device with a unit, and a member if one was named, in ``[start, end)``."""

    unit_id: str | None
    member: str | None
    start: datetime
    end: datetime | None

    def covers(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Crew:
    """A shift of a unit with the members its roster names; empty: any of the unit."""

    unit_id: str
    members: tuple[str, ...]
    start: datetime
    end: datetime | None

    def covers(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Carrier:
    """``planned`` when the roster says so and nobody handed the device over."""

    unit_id: str | None
    member: str | None
    bound: Bound
    planned: bool = False


NOBODY = Carrier(None, None, Bound.NOBODY)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A carrier in ``[start, end)``; an open end means until now and further."""

    carrier: Carrier
    start: datetime
    end: datetime | None


def carrier(
    at: datetime, held: Iterable[Held], plans: Iterable[Held], crews: Iterable[Crew]
) -> Carrier:
    """Who had the device then. ``plans`` are the roster's words for this device."""
    hold = max((h for h in held if h.covers(at)), key=lambda h: h.start, default=None)
    if hold is None or hold.unit_id is None:
        named = hold.member if hold is not None else None
        return Carrier(None, named, Bound.OFF_DUTY) if named else NOBODY
    running = [crew for crew in crews if crew.unit_id == hold.unit_id and crew.covers(at)]
    plan = max(
        (p for p in plans if p.unit_id == hold.unit_id and p.covers(at)),
        key=lambda p: p.start,
        default=None,
    )
    member, planned = hold.member, False
    if plan is not None and plan.member and (hold.member is None or plan.start > hold.start):
        member, planned = plan.member, True
    if member is None and len(running) == 1 and len(running[0].members) == 1:
        member, planned = running[0].members[0], True
    return Carrier(hold.unit_id, member, _bound(member, running), planned)


def stretches(
    since: datetime,
    until: datetime,
    held: Sequence[Held],
    plans: Sequence[Held],
    crews: Sequence[Crew],
) -> list[Stretch]:
    """Who carried it from ``since`` to ``until``, neighbours that agree joined, earliest first."""
    spans: list[Held | Crew] = [*held, *plans, *crews]
    inner = {at for span in spans for at in (span.start, span.end) if at is not None}
    edges = sorted({since, until, *(at for at in inner if since < at < until)})
    found: list[Stretch] = []
    for start, end in itertools.pairwise(edges):
        now = carrier(start, held, plans, crews)
        if found and found[-1].carrier == now:
            found[-1] = replace(found[-1], end=end)
        else:
            found.append(Stretch(now, start, end))
    return found


def _bound(member: str | None, running: Sequence[Crew]) -> Bound:
    if member is None:
        return Bound.UNIT
    there = any(not crew.members or member in crew.members for crew in running)
    return Bound.DUTY if there else Bound.OFF_DUTY
