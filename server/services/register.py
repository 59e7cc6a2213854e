"""The register: returning disputes, places with many callers, whom to visit, earlier calls.

Everything is counted anew from the reports, so a merge or its undoing shows at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain import register as rules
from server.domain.register import Dispute, Entry, Outcome, Tally
from server.domain.views import CallerView
from server.office import Office
from server.services import viewing
from server.store import cases
from server.store import register as store
from server.store.engine import reading
from server.store.register import CallRow
from triage.foresight import Foresight
from triage.rows import Event

YEARS = timedelta(days=730)
MOST_CALLS = 20_000
"""Of two years; a street of 6,000 a year has 12,000. The page says when there were more."""
HORIZON = timedelta(days=90)
SHOWN_BEFORE = 12


@dataclass(frozen=True, slots=True)
class Place:
    """One source, many callers; ``calls`` of a year, newest ``last_at``."""

    address: str
    calls: int
    callers: int
    last_at: datetime
    category: str | None
    case_id: str | None


@dataclass(frozen=True, slots=True)
class Register:
    """``callers``: masked, by person. ``cut``: older calls than ``MOST_CALLS`` were left out.
    ``proof``: share of the riskiest 5 % of past disputes that returned, of all, and how many."""

    entries: tuple[Entry, ...]
    tally: Tally
    visits: tuple[Entry, ...]
    places: tuple[Place, ...]
    callers: dict[str, CallerView | None]
    proof: tuple[float, float, int] | None
    outcomes: tuple[Outcome, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class EarlierCall:
    """What a mediator may know before knocking: no name, no number."""

    at: datetime
    category: str | None
    disposition: str | None
    open: bool
    same_person: bool
    same_home: bool
    dispute: bool


def look(office: Office) -> Register:
    now, settings = office.clock(), office.settings.recurrence
    with reading(office.engine) as conn:
        rows = store.calls(conn, now - YEARS, limit=MOST_CALLS)
        given = cases.latest_assignments(conn, [row.case_id for row in rows if row.case_id])
        units = {case_id: str(row.unit_id) for case_id, row in given.items()}
        disputes = _disputes(office, rows, units, now)
        made = rules.entries(
            disputes,
            now,
            follow_up_days=settings.follow_up_days,
            active_days=settings.active_days,
        )
        sealed = store.sealed_callers(conn, [entry.last.report_id for entry in made])
    shown = {
        entry.person_id: viewing.caller_view(
            office.vault, sealed.get(entry.last.report_id), clear=False
        )
        for entry in made
    }
    return Register(
        entries=tuple(made),
        tally=rules.tally(made),
        visits=tuple(rules.to_visit(made, now, most=max(20, len(made) // 20))),
        places=tuple(_places(office, rows, now)),
        callers=shown,
        proof=rules.precision_at_top(disputes),
        outcomes=tuple(rules.by_unit(disputes)),
        cut=len(rows) == MOST_CALLS,
    )


def before_case(office: Office, case_id: str) -> list[EarlierCall]:
    """Earlier calls of the people and the home of a case, newest first, at most twelve."""
    with reading(office.engine) as conn:
        rows, people, homes = store.earlier_of_case(conn, case_id, limit=SHOWN_BEFORE)
    return [
        EarlierCall(
            at=row.received_at,
            category=row.category,
            disposition=row.disposition,
            open=row.case_id is not None and row.closed_at is None,
            same_person=row.person_id in people,
            same_home=row.place_key in homes,
            dispute=row.label == "dispute",
        )
        for row in rows
    ]


def _disputes(
    office: Office, rows: Sequence[CallRow], units: dict[str, str], now: datetime
) -> list[Dispute]:
    """With the risk each had when it came, from what was known before it."""
    foresight = Foresight(office.risk.model, bands=office.settings.recurrence.bands())
    events = [event_of(row) for row in rows]
    returned = _returned(events, now)
    made = []
    ended: dict[str, tuple[datetime, str | None]] = {}
    for row, event, again in zip(rows, events, returned, strict=True):
        judged = foresight.risk_of(event)
        if event.dispute:
            last = max((ended[key] for key in event.keys if key in ended), default=None, key=_when)
            ended.update(dict.fromkeys(event.keys, (event.time, row.disposition)))
            made.append(
                Dispute(
                    report_id=row.id,
                    case_id=row.case_id,
                    person_id=row.person_id,
                    at=row.received_at,
                    category=row.category,
                    address=row.address,
                    risk=judged.risk_90d,
                    band=judged.band,
                    drivers=rules.with_outcome(judged.drivers, last and last[1]),
                    returned=again,
                    disposition=row.disposition,
                    unit_id=units.get(row.case_id),
                )
            )
    return made


def _when(ended: tuple[datetime, str | None]) -> datetime:
    return ended[0]


def event_of(row: CallRow) -> Event:
    """A call on the trails of its person, its home and its pair."""
    keys = [f"party:{row.person_id}"]
    if row.place_key and row.room:
        keys.append(f"place:{row.place_key}")
    if row.pair_key:
        keys.append(f"pair:{row.pair_key}")
    dispute = row.label == "dispute"
    return Event(row.id, row.received_at, dispute, tuple(keys), row.category or "")


def _returned(events: Sequence[Event], now: datetime) -> list[bool | None]:
    """Whether another dispute came within 90 days; None as long as they are not over, even for
    one that returned already: else the young ones known would all be returns."""
    upcoming: dict[str, datetime] = {}
    found: list[bool | None] = []
    for event in reversed(events):
        later = [upcoming[key] for key in event.keys if key in upcoming]
        again = bool(later) and min(later) - event.time <= HORIZON
        found.append(again if now - event.time >= HORIZON else None)
        if event.dispute:
            upcoming.update(dict.fromkeys(event.keys, event.time))
    return found[::-1]


def _places(office: Office, rows: Iterable[CallRow], now: datetime) -> list[Place]:
    """Places with many callers apart from each other, most calls first."""
    rule = office.settings.recurrence
    by_place: dict[str, list[CallRow]] = defaultdict(list)
    for row in rows:
        if row.place_key and now - row.received_at <= timedelta(days=365):
            by_place[row.place_key].append(row)
    found = [
        Place(
            address=here[-1].address,
            calls=len(here),
            callers=len({row.person_id for row in here}),
            last_at=here[-1].received_at,
            category=here[-1].category,
            case_id=here[-1].case_id,
        )
        for here in by_place.values()
    ]
    many = [p for p in found if p.calls >= rule.place_calls and p.callers >= rule.place_callers]
    return sorted(many, key=lambda place: -place.calls)
