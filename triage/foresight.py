"""The risk at each event of a stream, from what was known before it and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from triage.chronicle import Chronicle, history_of
from triage.recurrence import SHIPPED_BANDS, Bands, Risk
from triage.recurrence_model import RiskModel, judge_other
from triage.rows import Event


class Foresight:
    """Asked in time order. ``earlier`` events are remembered as time passes them, in any order
    given; one that comes in the stream too (same id and time) counts once."""

    def __init__(
        self, model: RiskModel, earlier: Sequence[Event] = (), *, bands: Bands = SHIPPED_BANDS
    ) -> None:
        self._model = model
        self._bands = bands
        self._chronicle = Chronicle()
        self._waiting = sorted(earlier, key=lambda event: event.time, reverse=True)
        self._known = {_name(event) for event in earlier}

    def risk_of(self, event: Event) -> Risk:
        """The risk after ``event``, which then counts for those that follow."""
        self._catch_up(event.time)
        history = history_of(self._chronicle.before(event), event.time)
        if event.dispute:
            past = self._chronicle.past_of(event)
            risk = self._model.judge(history, past, event.kind, self._bands)
        else:
            risk = judge_other(history, self._bands)
        if _name(event) not in self._known:
            self._chronicle.add(event)
        return risk

    def _catch_up(self, now: datetime) -> None:
        while self._waiting and self._waiting[-1].time < now:
            self._chronicle.add(self._waiting.pop())


def _name(event: Event) -> tuple[str | int, datetime]:
    return event.id, event.time
