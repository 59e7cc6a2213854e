"""What happened at one place, or with one person, kept so that a look at it costs little.

Sums fade by halves, so only their values at one moment are kept; kinds of call are kept grown
instead of faded (times ``2 ** (days / 180)``), so that none has to be touched until it is read.
"""

from __future__ import annotations

from collections import Counter

from triage.recurrence_model import (
    CALL_HALF_LIVES,
    DISPUTE_HALF_LIVES,
    EPISODE_DAYS,
    KIND_HALF_LIFE,
    Past,
)

MOST_KINDS = 200
"""Kinds remembered for one place; others count as other calls only."""


class Trail:
    """Days count from any fixed moment, the same for all trails."""

    __slots__ = (
        "_calls",
        "_calls_at",
        "_disputes",
        "_disputes_at",
        "_episodes",
        "_first",
        "_kinds",
        "_last_dispute",
        "_last_two",
        "_own",
    )

    def __init__(self, day: float) -> None:
        self._first = self._calls_at = self._disputes_at = day
        self._disputes = [0.0] * len(DISPUTE_HALF_LIVES)
        self._calls = [0.0] * len(CALL_HALF_LIVES)
        self._episodes = 0
        self._last_two: tuple[float | None, float | None] = (None, None)
        self._last_dispute: float | None = None
        self._kinds: dict[str, float] = {}
        self._own: Counter[str] = Counter()

    def starts_episode(self, day: float) -> bool:
        """Whether a dispute now would be a new episode, not the last one going on."""
        return self._last_dispute is None or day - self._last_dispute >= EPISODE_DAYS

    def past(self, day: float, kind: str, *, log_runs_for: float) -> Past:
        """What lies before a dispute of ``kind`` now; an episode still going on is not the past."""
        self._fade_disputes(day)
        self._fade_calls(day)
        last, before_last = self._last_two
        disputes, episodes, own = self._disputes, self._episodes, self._own[kind]
        if last is not None and not self.starts_episode(day):
            disputes = [
                max(total - 2.0 ** (min(last - day, 0.0) / half), 0.0)
                for total, half in zip(disputes, DISPUTE_HALF_LIVES, strict=True)
            ]
            episodes, last, before_last = episodes - 1, before_last, None
        shrink = 2.0 ** (-day / KIND_HALF_LIFE)
        return Past(
            disputes=tuple(disputes),
            calls=tuple(self._calls),
            episodes=episodes,
            since_last=None if last is None else day - last,
            since_last_but_one=None if before_last is None else day - before_last,
            known_for=max(day - self._first, 0.0),
            log_runs_for=log_runs_for,
            same_kind=own,
            kinds={name: grown * shrink for name, grown in self._kinds.items()},
        )

    def add(self, day: float, kind: str, *, dispute: bool) -> None:
        """Remember a call."""
        if dispute:
            self._add_dispute(day, kind)
        else:
            self._fade_calls(day)
            self._calls = [1.0 + total for total in self._calls]
        if kind in self._kinds or len(self._kinds) < MOST_KINDS:
            grown = 2.0 ** (day / KIND_HALF_LIFE)
            self._kinds[kind] = self._kinds.get(kind, 0.0) + grown

    def _add_dispute(self, day: float, kind: str) -> None:
        if self.starts_episode(day):
            self._fade_disputes(day)
            self._disputes = [total + 1.0 for total in self._disputes]
            self._episodes += 1
            self._own[kind] += 1
            self._last_two = (day, self._last_two[0])
        self._last_dispute = day

    def _fade_disputes(self, day: float) -> None:
        if day > self._disputes_at:
            gone, self._disputes_at = day - self._disputes_at, day
            self._disputes = _faded(self._disputes, DISPUTE_HALF_LIVES, gone)

    def _fade_calls(self, day: float) -> None:
        if day > self._calls_at:
            gone, self._calls_at = day - self._calls_at, day
            self._calls = _faded(self._calls, CALL_HALF_LIVES, gone)


def stronger(one: Past, other: Past) -> Past:
    """Of two trails an event belongs to, measure by measure the stronger: an event both of them
    know is not counted twice."""
    longer = one if len(one.kinds) >= len(other.kinds) else other
    return Past(
        disputes=tuple(map(max, one.disputes, other.disputes)),
        calls=tuple(map(max, one.calls, other.calls)),
        episodes=max(one.episodes, other.episodes),
        since_last=_least(one.since_last, other.since_last),
        since_last_but_one=_least(one.since_last_but_one, other.since_last_but_one),
        known_for=max(one.known_for, other.known_for),
        log_runs_for=one.log_runs_for,
        same_kind=max(one.same_kind, other.same_kind),
        kinds=longer.kinds,
    )


def _least(one: float | None, other: float | None) -> float | None:
    known = [days for days in (one, other) if days is not None]
    return min(known, default=None)


def _faded(totals: list[float], half_lives: tuple[float, ...], gone: float) -> list[float]:
    if not totals[-1]:
        return totals
    return [total * 0.5 ** (gone / half) for total, half in zip(totals, half_lives, strict=True)]
