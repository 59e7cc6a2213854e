"""Calls come, somebody goes, the others wait: a discrete-event simulation without randomness.

All chance is in the calls, which are drawn beforehand: the same calls can be given to different
posts and rules, and differences between these are then not differences of luck.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from server.domain.coverage import TravelRule

Spot = tuple[float, float]
"""(x, y) in kilometres."""

DAY_S = 86_400.0


class Call(NamedTuple):
    """A tuple, as the next: a run makes millions of them."""

    at_s: float
    spot: Spot
    scene_s: float
    """From arrival until the unit is free; with ``instant`` from hand-over."""
    group: int = 0


class Offer(NamedTuple):
    """A free unit as a chooser sees it: seconds to arrival, cases in the last 24 hours."""

    unit: int
    eta_s: float
    recent: int


Chooser = Callable[[Call, Sequence[Offer]], int]
"""Which of the offers, by its place in the sequence; there is always at least one."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the street works.

    ``stays``: a unit waits where its last case ended instead of going back to its post.
    ``queues``: calls that find nobody free wait in order of arrival; otherwise they are lost.
    ``instant``: the unit of queueing theory, whose travel takes none of its time.
    """

    travel: TravelRule
    choose: Chooser
    stays: bool = False
    queues: bool = True
    instant: bool = False


@dataclass(slots=True)
class Outcome:
    """What happened to each call that counted, and to each unit, in seconds."""

    response_s: list[float] = field(default_factory=list)
    waited: int = 0
    waited_s: float = 0.0
    lost: int = 0
    served: list[int] = field(default_factory=list)
    sent: dict[tuple[int, int], int] = field(default_factory=dict)
    """Calls by (group, unit)."""
    busy_s: list[float] = field(default_factory=list)
    state_s: dict[int, float] = field(default_factory=dict)
    """Time per set of busy units (bit n: unit n)."""
    queue_s: float = 0.0
    """Time in which somebody waited."""
    lasted_s: float = 0.0

    def reached(self, limit_s: float) -> float:
        """The share of calls answered within the limit; lost ones are not."""
        answered = sum(1 for response in self.response_s if response <= limit_s)
        return answered / max(1, len(self.response_s) + self.lost)

    def gini(self) -> float:
        """How unevenly the cases fell on the units; 0 is even."""
        ordered, total = sorted(self.served), sum(self.served)
        if total == 0:
            return 0.0
        count = len(ordered)
        weighted = sum(rank * cases for rank, cases in enumerate(ordered, start=1))
        return 2 * weighted / (count * total) - (count + 1) / count


@dataclass(slots=True)
class _Unit:
    """On its way from ``start`` since ``since_s``, at ``home`` after ``trip_s``."""

    home: Spot
    start: Spot
    since_s: float = 0.0
    trip_s: float = 0.0
    recent: deque[float] = field(default_factory=deque)


def run(calls: Sequence[Call], homes: Sequence[Spot], way: Way, *, warm_s: float = 0.0) -> Outcome:
    """Every call in order of time; what happens before ``warm_s`` is not counted."""
    return _Run(homes, way, warm_s).over(calls)


class _Run:
    def __init__(self, homes: Sequence[Spot], way: Way, warm_s: float) -> None:
        self.way = way
        self.warm_s = warm_s
        self.leaving_s = way.travel.leaving_s
        self.s_per_km = way.travel.seconds(1000) - way.travel.leaving_s
        self.units = [_Unit(home, home) for home in homes]
        self.free = set(range(len(homes)))
        self.busy = 0
        self.ends: list[tuple[float, int, Spot]] = []
        self.line: deque[Call] = deque()
        self.now_s = 0.0
        self.outcome = Outcome(served=[0] * len(homes), busy_s=[0.0] * len(homes))

    def over(self, calls: Sequence[Call]) -> Outcome:
        for call in calls:
            while self.ends and self.ends[0][0] <= call.at_s:
                self._end()
            self._pass_to(call.at_s)
            self._take(call)
        while self.line and self.ends:
            self._end()
        self.outcome.lasted_s = max(0.0, self.now_s - self.warm_s)
        self._count_busy()
        return self.outcome

    def _take(self, call: Call) -> None:
        if self.free:
            self._send(self._chosen(call), call)
        elif self.way.queues:
            self.line.append(call)
        elif call.at_s >= self.warm_s:
            self.outcome.lost += 1

    def _chosen(self, call: Call) -> int:
        offers = [self._offer(unit, call) for unit in sorted(self.free)]
        return offers[self.way.choose(call, offers)].unit

    def _offer(self, number: int, call: Call) -> Offer:
        unit = self.units[number]
        recent, dawn_s = unit.recent, self.now_s - DAY_S
        while recent and recent[0] < dawn_s:
            recent.popleft()
        return Offer(number, self._travel_s(self._spot(unit), call.spot), len(recent))

    def _spot(self, unit: _Unit) -> Spot:
        """Where a free unit is now: at home, or still on its way there."""
        gone_s = self.now_s - unit.since_s
        if gone_s >= unit.trip_s:
            return unit.home
        part = gone_s / unit.trip_s
        (x, y), (home_x, home_y) = unit.start, unit.home
        return x + part * (home_x - x), y + part * (home_y - y)

    def _travel_s(self, start: Spot, end: Spot) -> float:
        return self.leaving_s + self.s_per_km * math.dist(start, end)

    def _send(self, number: int, call: Call) -> None:
        unit = self.units[number]
        travel_s = self._travel_s(self._spot(unit), call.spot)
        until_s = self.now_s + call.scene_s + (0.0 if self.way.instant else travel_s)
        heapq.heappush(self.ends, (until_s, number, call.spot))
        self.free.discard(number)
        self.busy |= 1 << number
        unit.recent.append(self.now_s)
        if call.at_s >= self.warm_s:
            self._count(number, call, travel_s)

    def _count(self, number: int, call: Call, travel_s: float) -> None:
        waited_s = self.now_s - call.at_s
        self.outcome.response_s.append(waited_s + travel_s)
        self.outcome.served[number] += 1
        pair = (call.group, number)
        self.outcome.sent[pair] = self.outcome.sent.get(pair, 0) + 1
        self.outcome.waited += waited_s > 0
        self.outcome.waited_s += waited_s

    def _end(self) -> None:
        at_s, number, spot = heapq.heappop(self.ends)
        self._pass_to(at_s)
        unit = self.units[number]
        self.free.add(number)
        self.busy &= ~(1 << number)
        if self.way.stays:
            unit.home = spot
        unit.start, unit.since_s, unit.trip_s = spot, at_s, self._way_home_s(spot, unit.home)
        if self.line:
            self._send(number, self.line.popleft())

    def _way_home_s(self, spot: Spot, home: Spot) -> float:
        if self.way.instant or self.way.stays:
            return 0.0
        return self._travel_s(spot, home) - self.leaving_s

    def _pass_to(self, at_s: float) -> None:
        """The time until ``at_s`` went by in the present state."""
        passed_s = at_s - max(self.now_s, self.warm_s)
        if passed_s > 0:
            times = self.outcome.state_s
            times[self.busy] = times.get(self.busy, 0.0) + passed_s
            if self.line:
                self.outcome.queue_s += passed_s
        self.now_s = at_s

    def _count_busy(self) -> None:
        for state, passed_s in self.outcome.state_s.items():
            for number in range(len(self.units)):
                if state >> number & 1:
                    self.outcome.busy_s[number] += passed_s
