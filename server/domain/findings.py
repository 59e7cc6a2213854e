"""Four different things a repeated call may be: duplicate, relapse, place, abuse.

A duplicate is the same event told again (``domain.linking``). The others are said here of a new
report and what is linked to it; more than one may hold at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Finding(StrEnum):
    DUPLICATE = "duplicate"
    RELAPSE = "relapse"
    PLACE = "place"
    ABUSE = "abuse"


FINDING_NAMES_ZH = {
    Finding.DUPLICATE: "重复报警",
    Finding.RELAPSE: "纠纷再起",
    Finding.PLACE: "一处多人报警",
    Finding.ABUSE: "频繁报警",
}


@dataclass(frozen=True, slots=True)
class FindingRule:
    """Configuration; the defaults are those of places that published theirs."""

    relapse_days: int = 90
    place_calls: int = 5
    place_callers: int = 3
    place_days: int = 365
    abuse_calls: int = 30
    abuse_days: int = 80


@dataclass(frozen=True, slots=True)
class Call:
    """An earlier main report: of the same person, of the same place, or of both."""

    at: datetime
    person_id: str
    same_person: bool
    same_place: bool
    dispute: bool


def findings(
    at: datetime, earlier: Sequence[Call], rule: FindingRule, *, dispute: bool, duplicate: bool
) -> tuple[Finding, ...]:
    """What a report at ``at`` is, the call itself counted among those of its place and person."""
    found = []
    if duplicate:
        found.append(Finding.DUPLICATE)
    since = at - timedelta(days=rule.relapse_days)
    if dispute and not duplicate and any(c.dispute and since <= c.at < at for c in earlier):
        found.append(Finding.RELAPSE)
    if _is_place(at, earlier, rule):
        found.append(Finding.PLACE)
    mine = [c for c in earlier if c.same_person and _within(c, at, rule.abuse_days)]
    if len(mine) + 1 >= rule.abuse_calls:
        found.append(Finding.ABUSE)
    return tuple(found)


def _is_place(at: datetime, earlier: Sequence[Call], rule: FindingRule) -> bool:
    here = [c for c in earlier if c.same_place and _within(c, at, rule.place_days)]
    others = {c.person_id for c in here if not c.same_person}
    return len(here) + 1 >= rule.place_calls and len(others) + 1 >= rule.place_callers


def _within(call: Call, at: datetime, days: int) -> bool:
    return timedelta(0) <= at - call.at <= timedelta(days=days)
