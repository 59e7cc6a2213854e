"""Is this report the same event told again? (contract: ``linked_to``)

The street's rule: the same caller again within an hour is the same event; for disputes within
three days, as long as the case is still open. Two different known addresses are two events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class LinkRule:
    any_within: timedelta = timedelta(minutes=60)
    dispute_within: timedelta = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Trace:
    """What linking needs to know of a report; keys are keyed hashes, never clear values."""

    report_id: str
    case_id: str | None
    case_open: bool
    received_at: datetime
    caller_keys: frozenset[str]
    address_key: str | None
    is_dispute: bool


def main_report(new: Trace, earlier: Sequence[Trace], rule: LinkRule) -> Trace | None:
    """The latest earlier report of the same event, or None."""
    same = [trace for trace in earlier if _same_event(new, trace, rule)]
    return max(same, key=lambda trace: trace.received_at, default=None)


def _same_event(new: Trace, old: Trace, rule: LinkRule) -> bool:
    if old.case_id is None or not old.case_open or not (new.caller_keys & old.caller_keys):
        return False
    if new.address_key and old.address_key and new.address_key != old.address_key:
        return False
    gap = abs(new.received_at - old.received_at)
    if gap <= rule.any_within:
        return True
    return new.is_dispute and old.is_dispute and gap <= rule.dispute_within
