"""What one sentence of the feed is, and what it may call things by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from server.domain.views import TimelineEvent
from server.web.pages.naming import short_id

Tone = str
"""``plain``, ``good``, ``warn`` or ``bad``; drawn with a sign, never by colour alone."""


@dataclass(frozen=True, slots=True)
class Names:
    """What sentences may call things by; nothing personal."""

    units: Mapping[str, str] = field(default_factory=dict)
    cases: Mapping[str, str] = field(default_factory=dict)

    def unit(self, event: TimelineEvent) -> str:
        unit_id = event.unit_id or str(event.body.get("unit_id") or "")
        return self.units.get(unit_id, unit_id) or "单元"

    def case(self, event: TimelineEvent) -> str:
        """Empty where the page speaks of one case only."""
        return self.cases.get(event.case_id or "", short_id(event.case_id))


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    tone: Tone = "plain"
    feed: bool = True
    """Whether the wall's feed tells it; housekeeping stays in the records."""


def said(text: str, tone: Tone = "plain", *, feed: bool = True) -> Callable[..., Sentence]:
    def teller(event: TimelineEvent, names: Names) -> Sentence:
        filled = text.format(case=names.case(event), unit=names.unit(event), by=event.actor)
        return Sentence(filled, tone, feed)

    return teller
