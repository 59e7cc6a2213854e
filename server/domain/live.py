"""What a telemetry message changes in the live state of its device, and what it does not."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from edge import skew
from edge.quality import CLOCK, CLOCK_SKEW, DUPLICATE, FUTURE, OFF_GLOBE, STALE, believable
from edge.telemetry import Alarm, Envelope, Fix, Message, fix_of
from server.domain.phone import SELF_REPORTED

FUTURE_TOLERANCE = timedelta(minutes=5)
_OF_CLOCKS = frozenset({FUTURE, CLOCK, CLOCK_SKEW, STALE})
"""Doubts that a corrected time removes."""


def told_at(message: Message) -> datetime:
    """The instant a message speaks of: its fix, else when the device sent it."""
    fix = fix_of(message)
    return fix.fix_time if fix is not None else message.origin.sent_at


def doubts(envelope: Envelope, now: datetime) -> tuple[str, ...]:
    """The edge's doubts and our own: a clock far ahead would freeze the live state for ever."""
    fix = fix_of(envelope.message)
    own = []
    if told_at(envelope.message) > now + FUTURE_TOLERANCE:
        own.append(FUTURE)
    if fix is not None and not (-90 <= fix.lat <= 90 and -180 <= fix.lon <= 180):
        own.append(OFF_GLOBE)
    return tuple(dict.fromkeys((*envelope.doubt, *own)))


def true_at(envelope: Envelope) -> datetime | None:
    """When it truly was, of a device whose clock is known to be off; None otherwise."""
    ahead_s = envelope.clock_ahead_s
    if ahead_s is None:
        return None
    fix = fix_of(envelope.message)
    sent_at = envelope.message.origin.sent_at
    return skew.true_time(
        sent_at if fix is None else fix.fix_time,
        sent_at=sent_at,
        received_at=envelope.received_at,
        ahead_s=ahead_s,
    )


def without_clock(doubt: tuple[str, ...]) -> tuple[str, ...]:
    """What remains of the doubts once a fix's time is corrected."""
    return tuple(word for word in doubt if word not in _OF_CLOCKS)


def moves(fix: Fix | None, doubt: tuple[str, ...]) -> bool:
    """Whether a fix may become the live position; the store sees that it only moves forward."""
    return fix is not None and believable(doubt)


def proves(doubt: Collection[str]) -> bool:
    """Whether a fix may speak for or against a claim.

    Late and out of order is how honest fixes come back from an outage; a device whose clock is
    off says nothing about when (unless its times are corrected: ``without_clock``), and the same
    fix again is no second fix. What a browser says of itself can be set by whoever holds the phone.
    """
    never = {CLOCK, CLOCK_SKEW, DUPLICATE, SELF_REPORTED}
    return believable(doubt) and not never.intersection(doubt)


def alarm_word(alarm: Alarm) -> str:
    return "alarm_raised" if alarm.active else "alarm_ended"
