"""Two cases that may be one event: which to offer to a person, and when they may be joined.

Points are a plain order of offers, not a probability: a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.domain.case import Case, Status
from server.domain.errors import CaseClosed, Conflict
from server.domain.geo import Place, distance_m

NEAR_M, CLOSE_M = 300, 80
SOON, RECENT = timedelta(hours=1), timedelta(hours=24)
LEAST_POINTS = 3
MOST_OFFERED = 5


class JoinReason(StrEnum):
    """Why a person joins two cases; words, so that the log holds nothing personal."""

    SAME_CALLER = "same_caller"
    SAME_EVENT = "same_event"
    OTHER_PARTY = "other_party"
    FORWARDED = "forwarded"


JOIN_REASON_NAMES_ZH = {
    JoinReason.SAME_CALLER: "同一人再次来电",
    JoinReason.SAME_EVENT: "多人报同一件事",
    JoinReason.OTHER_PARTY: "对方当事人来电",
    JoinReason.FORWARDED: "其他渠道转来",
}
LIKENESS_NAMES_ZH = {
    "same_caller": "同一来电人",
    "same_address": "同一地址",
    "close": "相距很近",
    "near": "相距不远",
    "soon": "一小时内",
    "same_day": "一天内",
    "same_category": "同类",
}


@dataclass(frozen=True, slots=True)
class Traits:
    """What may be compared of an open case; keys are keyed hashes."""

    case_id: str
    opened_at: datetime
    caller_keys: frozenset[str]
    address_key: str | None
    place: Place | None
    category: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A case that may be the same event; ``why`` are words of ``LIKENESS_NAMES_ZH``."""

    case_id: str
    points: int
    why: tuple[str, ...]
    distance_m: float | None


def offers(one: Traits, others: Iterable[Traits]) -> list[Offer]:
    """The likeliest first, at most five; time alone or a category alone offers nothing."""
    found = [_compare(one, other) for other in others if other.case_id != one.case_id]
    good = [offer for offer in found if offer.points >= LEAST_POINTS]
    return sorted(good, key=lambda offer: (-offer.points, offer.case_id))[:MOST_OFFERED]


def check_join(case: Case, into: Case) -> None:
    """Raises Conflict for what must stay apart."""
    if case.id == into.id:
        raise Conflict("A case cannot be joined to itself; choose another.")
    if case.confidential or into.confidential:
        raise Conflict("A confidential case is never joined to another.")
    for each in (case, into):
        if each.status is Status.CLOSED:
            raise CaseClosed(each.id)


def _compare(one: Traits, other: Traits) -> Offer:
    why: list[tuple[str, int]] = []
    apart = distance_m(one.place, other.place) if one.place and other.place else None
    if one.caller_keys & other.caller_keys:
        why.append(("same_caller", 4))
    if one.address_key and one.address_key == other.address_key:
        why.append(("same_address", 3))
    elif apart is not None and apart <= NEAR_M:
        why.append(("close", 2) if apart <= CLOSE_M else ("near", 1))
    gap = abs(one.opened_at - other.opened_at)
    if why and gap <= RECENT:
        why.append(("soon", 2) if gap <= SOON else ("same_day", 1))
    if why and one.category and one.category == other.category:
        why.append(("same_category", 1))
    points = sum(n for _, n in why)
    return Offer(other.case_id, points, tuple(word for word, _ in why), apart)
