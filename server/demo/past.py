"""Some days that never were, lived through the services with a clock of their own."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from random import Random

from server.demo.people import DemoUnit
from server.demo.returning import come_again
from server.demo.stories import MadeReport, deck, make
from server.domain.case import Disposition, Step
from server.domain.errors import OfficeError
from server.domain.geo import Place
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor, Role
from server.domain.views import CaseView
from server.office import Office
from server.services import intake, reading, review, telemetry, tracking
from triage.taxonomy import Label

GAP_S = 4800.0
"""Mean seconds between two reports: 18 a day, as the street has them."""
RETURN_SHARE = 0.25
NO_PROOF_SHARE = 0.12
"""Of all arrivals this many are claimed without the device having been there."""
LINE, DESK = Actor("demo-line", Role.INTAKE), Actor("demo-desk", Role.DISPATCHER)
ENDINGS = (
    (Disposition.SETTLED_ON_SPOT, 72),
    (Disposition.SETTLED_LATER, 12),
    (Disposition.FOLLOW_UP, 6),
    (Disposition.ESCALATED, 3),
    (Disposition.TO_COURT, 3),
    (Disposition.WITHDRAWN, 3),
    (Disposition.TO_POLICE, 1),
)
_FIXES = 6

EVIDENCE_AFTER = timedelta(minutes=5)
"""Long enough for the fixes around a claim to be in."""

Act = Callable[[], object]


def ending(rng: Random) -> Disposition:
    """How a mediated case ends, in the proportions the street reports."""
    ends, weights = zip(*ENDINGS, strict=True)
    chosen: Disposition = rng.choices(ends, weights)[0]
    return chosen


class Past:
    """A queue of acts in order of time; each runs with the office's clock set to its moment."""

    def __init__(
        self,
        office: Office,
        rng: Random,
        units: Sequence[DemoUnit],
        people: Sequence[MadeReport] = (),
    ) -> None:
        self._people = people
        self._office = replace(office, clock=lambda: self._now)
        self._rng = rng
        self._units = {unit.id: unit for unit in units}
        self._points = {p.name: Place(p.at.lat, p.at.lon) for p in office.district.points}
        self._told = deck(rng)
        self._acts: list[tuple[datetime, int, Act]] = []
        self._order = count()
        self._seq = count(1)
        self._now = office.clock()

    def live_through(self, since: datetime, until: datetime) -> None:
        """Run every act from ``since``; no report after ``until``, though cases may go on."""
        at, number = since, 0
        while (at := at + timedelta(seconds=self._rng.expovariate(1 / GAP_S))) < until:
            number += 1
            made = self._next()
            self._plan(at, partial(self._report, number, made))
        while self._acts:
            self._now, _, act = heapq.heappop(self._acts)
            try:
                act()
            except OfficeError:
                continue  # a second run meets what the first one did; people meet such things too

    def _next(self) -> MadeReport:
        """Every fourth report is of somebody who called before, if there is anybody."""
        if self._people and self._rng.random() < RETURN_SHARE:
            return come_again(self._rng, self._people)
        return make(self._rng, next(self._told), self._office.district)

    def _plan(self, at: datetime, act: Act) -> None:
        heapq.heappush(self._acts, (at, next(self._order), act))

    def _later(self, low_s: float, high_s: float) -> datetime:
        return self._now + timedelta(seconds=self._rng.uniform(low_s, high_s))

    def _report(self, number: int, made: MadeReport) -> None:
        new = NewReport(
            source=made.source,
            source_id=f"demo-past-{number:04d}",
            received_at=self._now,
            text=made.text,
            address=made.address,
            place=Place(made.lat, made.lon),
            caller=Caller(name=made.caller, phone=made.phone),
        )
        taken = intake.take(self._office, new, LINE)
        case, report = taken.answer["case"], taken.answer["report"]
        if isinstance(case, dict) and isinstance(report, dict):
            self._follow(str(case["id"]), str(report["id"]), made)

    def _follow(self, case_id: str, report_id: str, made: MadeReport) -> None:
        case = reading.case(self._office, case_id, DESK)
        if case.assignment is not None:
            self._work(case, made)
        elif case.route == "review":
            self._plan(self._later(30, 240), partial(self._decide, case_id, report_id, made))
        else:
            self._plan(self._later(600, 2400), partial(self._hand_on, case_id, case.route))

    def _decide(self, case_id: str, report_id: str, made: MadeReport) -> None:
        review.correct(
            self._office,
            report_id,
            label=Label(made.label),
            category=made.category,
            actor=DESK,
            why="人工研判",
        )
        case = reading.case(self._office, case_id, DESK)
        if case.route != "review":
            self._follow(case_id, report_id, made)

    def _hand_on(self, case_id: str, route: str) -> None:
        """Police and street services report back that it is done."""
        end = Disposition.TO_POLICE if route == "police" else Disposition.SETTLED_LATER
        tracking.close(self._office, case_id, disposition=end, key="demo-close", actor=DESK)

    def _work(self, case: CaseView, made: MadeReport) -> None:
        assert case.assignment is not None
        unit = self._units[case.assignment.unit_id]
        actor = Actor(unit.members[0], Role.MEDIATOR, unit.id)
        signed, departed = self._later(8, 65), self._later(50, 140)
        contacted, arrived = self._later(80, 200), self._later(240, 620)
        for step, at in (
            (Step.SIGNED, signed),
            (Step.DEPARTED, max(departed, signed)),
            (Step.CONTACTED, max(contacted, signed)),
            (Step.ARRIVED, arrived),
        ):
            self._plan(at, partial(self._step, case.id, step, actor))
        if self._rng.random() > NO_PROOF_SHARE:
            self._plan_travel(unit, Place(made.lat, made.lon), departed, arrived)
        end, amount = ending(self._rng), self._rng.choice((None, None, 300.0, 800.0, 1500.0))
        done = arrived + timedelta(seconds=self._rng.uniform(700, 3600))
        self._plan(arrived + EVIDENCE_AFTER, partial(tracking.recheck_evidence, self._office))
        self._plan(done, partial(self._close, case.id, end, amount, actor))

    def _step(self, case_id: str, step: Step, actor: Actor) -> None:
        key = f"demo-{step.value}"
        tracking.post_step(self._office, case_id, step, at=None, key=key, actor=actor)

    def _close(self, case_id: str, end: Disposition, amount: float | None, actor: Actor) -> None:
        tracking.close(
            self._office,
            case_id,
            disposition=end,
            amount_yuan=amount if end is Disposition.SETTLED_ON_SPOT else None,
            note="演示记录",
            key="demo-close",
            actor=actor,
        )

    def _plan_travel(
        self, unit: DemoUnit, target: Place, departed: datetime, arrived: datetime
    ) -> None:
        """Fixes from the point to the door, the last ones at the door before arriving."""
        start = self._points[unit.point]
        leg = (arrived - timedelta(seconds=40) - departed) / _FIXES
        fixes = []
        for number in range(_FIXES + 4):
            share = min(number / _FIXES, 1.0)
            at = departed + leg * min(number, _FIXES)
            at += timedelta(seconds=10 * max(number - _FIXES, 0))
            here = Place(
                start.lat + (target.lat - start.lat) * share,
                start.lon + (target.lon - start.lon) * share,
            )
            fixes.append(self._fix(unit, here, at))
        self._plan(arrived, partial(telemetry.store, self._office, fixes))

    def _fix(self, unit: DemoUnit, place: Place, at: datetime) -> dict[str, object]:
        """A position as the edge agent hands it on, with the noise of a street."""
        said = at.isoformat()
        return {
            "device_id": unit.bodycam,
            "kind": "position",
            "v": 1,
            "boot": "demo-past",
            "seq": next(self._seq),
            "sent_at": said,
            "received_at": said,
            "fix_time": said,
            "lat": round(place.lat + self._rng.gauss(0, 6e-5), 6),
            "lon": round(place.lon + self._rng.gauss(0, 6e-5), 6),
            "crs": "WGS-84",
            "accuracy_m": round(self._rng.uniform(4, 20), 1),
        }
