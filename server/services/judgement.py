"""What the office thinks of a report: the model's words, the place, the history, the route."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import structlog
from sqlalchemy import Connection

from edge.district import District
from server.domain.gazetteer import NamedPlace, locate
from server.domain.geo import Place
from server.domain.report import NewReport
from server.office import Office
from server.services import risk
from server.services.identity import Recognised
from triage.assessment import Assessment
from triage.recurrence import Risk
from triage.redaction import mask_numbers
from triage.report import ReportText
from triage.taxonomy import Label, Route

UNKNOWN_DANGER = 70
"""Nobody judged it, so it waits in front of everything that is surely mild."""
_GRAVE_DANGER = 90

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Judgement:
    """``danger`` 0–100 orders the queue; ``fault`` says why there is no assessment. ``silent``: an
    experiment keeps the model's word from people, so label and category are nobody's yet."""

    assessment: Assessment | None
    fault: str | None
    route: Route
    danger: int
    place: Place | None
    coarse_place: bool
    risk: Risk | None = None
    silent: bool = False

    def named(self, report_id: str) -> Judgement:
        """The same, its assessment carrying the report's id."""
        if self.assessment is None:
            return self
        return replace(self, assessment=replace(self.assessment, id=report_id))

    @property
    def label(self) -> Label | None:
        return self.assessment.label if self.assessment and not self.silent else None

    @property
    def category(self) -> str | None:
        return self.assessment.category if self.assessment and not self.silent else None


def of_text(office: Office, new: NewReport) -> Judgement:
    """Ask the model; whatever goes wrong in it, the report goes to review instead."""
    return of_texts(office, [new])[0]


def of_texts(office: Office, many: Sequence[NewReport]) -> list[Judgement]:
    """The same for many at once; one text the model fails on does not spoil the others."""
    asked = [ReportText("", mask_numbers(new.text), new.received_at) for new in many]
    try:
        found = office.judge.assess_many(asked)
    except Exception as error:  # nothing a model does may make intake fail
        fault = type(error).__name__
        if len(many) > 1 and office.judge.name is not None:
            return [of_text(office, new) for new in many]
        log.error("assessment_failed", error=fault, model=office.judge.name, reports=len(many))
        return [_unjudged(office, new, fault) for new in many]
    return [_judged(office, new, one) for new, one in zip(many, found, strict=True)]


def with_history(
    office: Office, conn: Connection, new: NewReport, who: Recognised, judged: Judgement
) -> Judgement:
    """Add the risk of another dispute, from earlier calls of the same person or place."""
    dispute = judged.label is Label.DISPUTE
    found = risk.of_report(office, conn, who, new.received_at, judged.category, dispute=dispute)
    return replace(judged, risk=found)


def danger(assessment: Assessment) -> int:
    """0–100: the probability of a police matter, or 90 and up when a cue is in force."""
    base = round(100 * assessment.p[Label.POLICE])
    if any(cue.in_force for cue in assessment.cues):
        return max(base, _GRAVE_DANGER)
    return base


def _judged(office: Office, new: NewReport, assessment: Assessment) -> Judgement:
    place, coarse = _place(office, new)
    route = _confidential(assessment.route) if new.confidential else assessment.route
    return Judgement(assessment, None, route, danger(assessment), place, coarse)


def _unjudged(office: Office, new: NewReport, fault: str) -> Judgement:
    place, coarse = _place(office, new)
    return Judgement(None, fault, Route.REVIEW, UNKNOWN_DANGER, place, coarse)


def _confidential(route: Route) -> Route:
    """A confidential report is never handed on by itself (保密)."""
    return Route.POLICE if route in {Route.POLICE, Route.JOINT} else Route.REVIEW


def _place(office: Office, new: NewReport) -> tuple[Place | None, bool]:
    if new.place is not None:
        return new.place, False
    named = locate(new.address or new.text, _names(office.district))
    return (named.place, True) if named else (None, True)


@lru_cache(maxsize=4)
def _names(district: District) -> tuple[NamedPlace, ...]:
    return tuple(
        NamedPlace(name, Place(entry.at.lat, entry.at.lon))
        for entry in district.gazetteer
        for name in (entry.name, *entry.aliases)
    )
