"""What the office shows of its things: the answer shapes of the HTTP contract, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from server.domain.geo import NavigationLinks
from server.domain.punctuality import StepGroup

Json = dict[str, object]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list; ``next`` is the cursor to ask for the following page, or None."""

    items: tuple[Item, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Location:
    lat: float
    lon: float
    crs: str = "WGS-84"


@dataclass(frozen=True, slots=True)
class CallerView:
    name: str | None
    phone: str | None
    id_number: str | None


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """A model that read the report: ``role`` is "champion" when it served then, and "shadow" when
    it only read along and decided nothing."""

    model: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportView:
    id: str
    source: str
    source_id: str
    received_at: datetime
    text: str
    address: str | None
    location: Location | None
    label: str | None
    category: str | None
    route: str
    case_id: str | None
    linked_to: str | None
    caller: CallerView | None
    confidential: bool
    assessment: Json | None = None
    risk: Json | None = None
    judged_by: tuple[JudgedBy, ...] | None = None
    """Every model that read it, in order of time; None where it is not told (lists, filing)."""


@dataclass(frozen=True, slots=True)
class ReasonView:
    text: str
    seconds: float


@dataclass(frozen=True, slots=True)
class AssignmentView:
    unit_id: str
    unit_name: str
    at: datetime
    by: str
    reasons: tuple[ReasonView, ...]
    eta_s: float | None
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class DeadlineView:
    step: str
    due_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class EvidenceView:
    verdict: str
    why: str


@dataclass(frozen=True, slots=True)
class StepView:
    step: str
    at: datetime
    posted_at: datetime
    by: str
    evidence: EvidenceView


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event as told to people; also what the stream carries."""

    id: int
    at: datetime
    kind: str
    actor: str
    case_id: str | None
    report_id: str | None
    unit_id: str | None
    body: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordingView:
    """Was the scene recorded: ``on``, ``partly``, ``off`` or ``unknown``, and why in Chinese."""

    state: str
    why: str
    scene_s: float
    known_s: float
    recorded_s: float


@dataclass(frozen=True, slots=True)
class PoliceView:
    """What the police know of a joint case: ``state`` is ``asked``, ``told`` (their system took
    it), ``unreached``, ``silent``, ``answered`` or ``withdrawn``; ``answer`` is ``coming``,
    ``here`` or ``cannot``. ``mediators`` counts the unit that has it; None: not known."""

    state: str
    asked_at: datetime
    told_at: datetime | None
    attempts: int
    reminders: int
    answer: str | None
    answered_at: datetime | None
    officer: str | None
    due_at: datetime | None
    may_enter: bool
    mediators: int | None = None


@dataclass(frozen=True, slots=True)
class CaseView:
    id: str
    opened_at: datetime
    status: str
    route: str
    label: str | None
    category: str | None
    confidential: bool
    danger: int
    risk_90d: float | None
    address: str | None
    report_ids: tuple[str, ...]
    location: Location | None
    assignment: AssignmentView | None
    deadlines: tuple[DeadlineView, ...]
    steps: tuple[StepView, ...]
    timeline: tuple[TimelineEvent, ...]
    navigation: NavigationLinks | None
    closed_at: datetime | None
    disposition: str | None
    recording: RecordingView | None = None
    """Of one case whose unit has arrived; lists leave it out."""
    police: PoliceView | None = None
    """Of a joint case, as soon as the police have been asked."""


@dataclass(frozen=True, slots=True)
class CandidateView:
    unit_id: str
    name: str
    eta_s: float
    distance_m: float | None
    score_s: float
    reasons: tuple[ReasonView, ...]


@dataclass(frozen=True, slots=True)
class PositionView:
    lat: float
    lon: float
    crs: str
    fix_time: datetime
    age_s: float
    accuracy_m: float | None
    doubt: tuple[str, ...]
    heading_deg: float | None


@dataclass(frozen=True, slots=True)
class UnitView:
    """``status`` is ``off``, ``free`` or the status of the unit's running case."""

    id: str
    name: str
    point: str
    duty: bool
    status: str
    position: PositionView | None
    battery_pct: float | None
    presence: str | None
    devices: tuple[str, ...]
    point_location: Location
    case_id: str | None


@dataclass(frozen=True, slots=True)
class StepTime:
    """Seconds from hand-over to a step; None where nothing was posted."""

    step: str
    count: int
    p50_s: float | None
    p90_s: float | None
    met: int
    missed: int


@dataclass(frozen=True, slots=True)
class Stats:
    """A street's figures of a span of time. Rates are None where nothing was counted."""

    since: datetime
    until: datetime
    received: int
    disputes: int
    diverted: int
    settled_on_spot: int
    taken_up_later: int
    settled_later: int
    on_spot_rate: float | None
    later_rate: float | None
    repeat_share: float | None
    open_cases: int
    by_route: dict[str, int]
    by_category: dict[str, int]
    steps: tuple[StepTime, ...]
    steps_by: tuple[StepGroup, ...] = ()
    """Only in ``GET /stats``: steps by unit, point and hour of hand-over, claimed and verified."""
