"""The register of disputes that return: who, how risky, when to go, who goes. Pure rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SETTLED = frozenset({"settled_on_spot", "settled_later"})
FAILED = frozenset({"follow_up", "escalated", "to_court"})
LAST_FAILED = "上次调解未成"
LEAST_KNOWN = 100
BAND_ORDER = ("very_high", "high", "medium", "low")


def with_outcome(
    drivers: tuple[tuple[str, float], ...], ended: str | None
) -> tuple[tuple[str, float], ...]:
    """Also that mediation failed last time, with a part of nought: whoever goes should know it, but
    what it does to the risk no record has shown yet (docs/RECURRENCE.md)."""
    return (*drivers, (LAST_FAILED, 0.0)) if ended in FAILED else drivers


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute with its risk when it came; ``returned`` None while its 90 days last."""

    report_id: str
    case_id: str | None
    person_id: str
    at: datetime
    category: str | None
    address: str | None
    risk: float
    band: str
    drivers: tuple[tuple[str, float], ...]
    returned: bool | None
    disposition: str | None
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody with two disputes or more; ``last`` is the newest of them."""

    person_id: str
    disputes: int
    n_90d: int
    n_365d: int
    last: Dispute
    due_at: datetime
    active: bool

    @property
    def settled(self) -> bool:
        return self.last.disposition in SETTLED

    def is_due(self, now: datetime) -> bool:
        return self.active and not self.settled and self.due_at <= now


@dataclass(frozen=True, slots=True)
class Tally:
    """The street's own way of counting: all, active, settled, and the rest assigned by name."""

    people: int
    active: int
    settled: int

    @property
    def rest(self) -> int:
        return self.active - self.settled


def entries(
    disputes: Iterable[Dispute],
    now: datetime,
    *,
    follow_up_days: tuple[int, int, int, int],
    active_days: int,
) -> list[Entry]:
    """Riskiest active ones first. ``disputes`` oldest first."""
    by_person: dict[str, list[Dispute]] = {}
    for dispute in disputes:
        by_person.setdefault(dispute.person_id, []).append(dispute)
    made = [
        _entry(person, found, now, follow_up_days, active_days)
        for person, found in by_person.items()
        if len(found) > 1
    ]
    return sorted(made, key=lambda e: (not e.active, -e.last.risk, -e.last.at.timestamp()))


def tally(made: Sequence[Entry]) -> Tally:
    active = [entry for entry in made if entry.active]
    return Tally(len(made), len(active), sum(entry.settled for entry in active))


def to_visit(made: Sequence[Entry], now: datetime, *, most: int) -> list[Entry]:
    """Active and not settled, due within a week; the riskiest ``most`` of them."""
    week = now + timedelta(days=7)
    due = [e for e in made if e.active and not e.settled and e.due_at <= week]
    return due[:most]


def precision_at_top(
    disputes: Iterable[Dispute], share: float = 0.05
) -> tuple[float, float, int] | None:
    """Of past disputes whose 90 days are over: how many of the riskiest ``share`` returned, how
    many of all did, and how many there were. None with fewer than 100 of them, of which
    five are the top."""
    known = [d for d in disputes if d.returned is not None]
    if len(known) < LEAST_KNOWN:
        return None
    top = sorted(known, key=lambda d: -d.risk)[: max(1, round(share * len(known)))]
    return _returned(top), _returned(known), len(known)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one unit's disputes: those whose 90 days are over, of them returned, and the others."""

    unit_id: str
    over: int
    returned: int
    running: int


def by_unit(disputes: Iterable[Dispute]) -> list[Outcome]:
    """Units with most disputes first. What is still running counts neither way."""
    held: dict[str, list[bool | None]] = {}
    for dispute in disputes:
        if dispute.unit_id:
            held.setdefault(dispute.unit_id, []).append(dispute.returned)
    made = [
        Outcome(unit, sum(r is not None for r in found), found.count(True), found.count(None))
        for unit, found in held.items()
    ]
    return sorted(made, key=lambda o: (-(o.over + o.running), o.unit_id))


def _returned(disputes: Sequence[Dispute]) -> float:
    return sum(bool(d.returned) for d in disputes) / len(disputes)


def _entry(
    person: str,
    found: Sequence[Dispute],
    now: datetime,
    follow_up_days: tuple[int, int, int, int],
    active_days: int,
) -> Entry:
    last = found[-1]
    days = follow_up_days[BAND_ORDER.index(last.band)]

    def within(days: int) -> int:
        return sum(now - d.at <= timedelta(days=days) for d in found)

    return Entry(
        person_id=person,
        disputes=len(found),
        n_90d=within(90),
        n_365d=within(365),
        last=last,
        due_at=last.at + timedelta(days=days),
        active=now - last.at <= timedelta(days=active_days),
    )
