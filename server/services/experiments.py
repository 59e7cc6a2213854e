"""An experiment on live cases: registered, dealt by case, looked at when due, ended by a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from math import inf
from secrets import token_hex
from typing import Any

from sqlalchemy import Connection

from server.domain import experiment as rules
from server.domain.errors import Conflict, Invalid
from server.domain.events import NewEvent
from server.domain.experiment import LOOKS, Arm, Effect, Ended, Plan
from server.domain.roles import SYSTEM, Actor
from server.office import Office
from server.services import opinions
from server.services.judgement import UNKNOWN_DANGER, Judgement
from server.store import cases, events, experiments
from server.store.engine import reading, writing
from triage.taxonomy import Route

SHOWN = 10
FEWEST, MOST = 200, 20_000
REPEAT = timedelta(days=90)
MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class Look:
    number: int
    at: datetime
    cases: int
    effects: tuple[Effect, ...]
    may_stop: bool


@dataclass(frozen=True, slots=True)
class Experiment:
    """A registered experiment; ``counts`` are ``{arm: (cases, closed)}``."""

    id: int
    name: str
    at: datetime
    by: str
    why: str
    plan: Plan
    counts: Mapping[str, tuple[int, int]]
    looks: tuple[Look, ...]
    ended_at: datetime | None
    ended_by: str | None
    end_why: str | None

    @property
    def closed(self) -> int:
        return sum(closed for _, closed in self.counts.values())

    @property
    def next_look(self) -> int | None:
        """Closed cases at which the next look is due; None after the last."""
        left = LOOKS[len(self.looks) :]
        return round(left[0] * self.plan.cases) if left and self.ended_at is None else None


def register(
    office: Office, *, name: str, why: str, arms: Sequence[Arm], planned: int, actor: Actor
) -> None:
    """Fix everything before the first case. Raises Conflict while another one runs."""
    if not 0 < len(name) <= MAX_NAME:
        raise Invalid("name", f"请填写名称，不超过{MAX_NAME}字")
    if len(set(arms)) < 2:
        raise Invalid("arms", "请至少选两组")
    if not FEWEST <= planned <= MOST:
        raise Invalid("cases", f"计划件数请填{FEWEST}到{MOST}")
    plan = Plan(salt=token_hex(16), arms=tuple(a for a in Arm if a in arms), cases=planned)
    now = office.clock()
    values: dict[str, object] = {"name": name, "at": now, "by": actor.name, "why": why}
    values |= {"salt": plan.salt, "arms": list(plan.arms), "cases": planned}
    with writing(office.engine) as conn:
        if not experiments.register(conn, values | {"outcomes": list(plan.outcomes)}):
            raise Conflict("Another experiment runs; end it first.")
        body = {"arms": list(plan.arms), "cases": planned, "outcomes": list(plan.outcomes)}
        events.tell(conn, [NewEvent("experiment_started", now, actor.name, body=body)])


def end(office: Office, *, why: str, actor: Actor) -> None:
    """Everything goes back to ``auto``; what was dealt stays on record."""
    now = office.clock()
    with writing(office.engine) as conn:
        row = experiments.running(conn)
        if row is None or not experiments.end(conn, row.id, at=now, by=actor.name, why=why):
            raise Conflict("No experiment runs.")
        events.tell(conn, [NewEvent("experiment_ended", now, actor.name, body={"id": row.id})])


def arm_for(conn: Connection, case_id: str, *, confidential: bool) -> tuple[int, Arm] | None:
    """The running experiment and a new case's arm in it; None while none runs."""
    row = experiments.running(conn)
    if row is None or confidential:
        return None
    return row.id, rules.arm_of(case_id, _plan(row))


def acted_on(judged: Judgement, dealt: tuple[int, Arm] | None) -> Judgement:
    """What the office acts on in this arm; police matters are never held back."""
    if dealt is None or judged.assessment is None:
        return judged
    route = rules.opened_route(dealt[1], judged.route)
    if dealt[1] is Arm.SHADOW and route is Route.REVIEW:
        return replace(judged, route=route, danger=UNKNOWN_DANGER, silent=True)
    return replace(judged, route=route)


def enrol(conn: Connection, case_id: str, dealt: tuple[int, Arm] | None, now: datetime) -> None:
    """Keep the arm of a case whose row is there."""
    if dealt is not None:
        experiments.enrol(conn, case_id, dealt[0], arm=dealt[1], at=now)


def is_silent(conn: Connection, case_id: str | None) -> bool:
    """Whether the model's word on this case is kept from people: its arm is ``shadow`` and nobody
    has decided yet."""
    if case_id is None or experiments.arm_of(conn, case_id) != Arm.SHADOW:
        return False
    row = cases.find(conn, case_id)
    return row is not None and row.route == Route.REVIEW and row.closed_at is None


def look_when_due(office: Office) -> int:
    """Take the looks whose share of the planned cases is closed; how many were taken."""
    with reading(office.engine) as conn:
        found = _running(conn)
    if found is None or found.next_look is None or found.closed < found.next_look:
        return 0
    now, number = office.clock(), len(found.looks)
    with writing(office.engine) as conn:
        ended = list(_ended(conn, found, round(LOOKS[number] * found.plan.cases), now))
        effects = rules.look(found.plan, rules.gathered(found.plan, ended), number)
        stop = rules.may_stop(effects, number)
        values: dict[str, object] = {"experiment_id": found.id, "number": number, "at": now}
        values |= {"cases": len(ended), "may_stop": stop, "effects": _as_json(effects)}
        if not experiments.add_look(conn, values):
            return 0
        body = {"number": number + 1, "may_stop": stop}
        events.tell(conn, [NewEvent("experiment_looked", now, SYSTEM, body=body)])
    return 1


def every(office: Office) -> tuple[Experiment, ...]:
    """The newest experiments, the running one first."""
    with reading(office.engine) as conn:
        return tuple(_experiment(conn, row) for row in experiments.newest(conn, limit=SHOWN))


def _running(conn: Connection) -> Experiment | None:
    row = experiments.running(conn)
    return _experiment(conn, row) if row is not None else None


def _experiment(conn: Connection, row: Any) -> Experiment:
    return Experiment(
        id=row.id,
        name=row.name,
        at=row.at,
        by=row.by,
        why=row.why,
        plan=_plan(row),
        counts=experiments.counts(conn, row.id),
        looks=tuple(_look(one) for one in experiments.looks(conn, row.id)),
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        end_why=row.end_why,
    )


def _plan(row: Any) -> Plan:
    arms = tuple(Arm(arm) for arm in row.arms)
    return Plan(salt=row.salt, outcomes=tuple(row.outcomes), cases=row.cases, arms=arms)


def _look(row: Any) -> Look:
    effects = tuple(_effect(one) for one in row.effects)
    return Look(row.number, row.at, row.cases, effects, row.may_stop)


def _as_json(effects: Iterable[Effect]) -> list[dict[str, object]]:
    """Bounds that know nothing are kept as null: JSON has no infinity."""
    return [
        {name: None if value in {inf, -inf} else value for name, value in asdict(one).items()}
        for one in effects
    ]


def _effect(kept: Mapping[str, Any]) -> Effect:
    low = -inf if kept["low"] is None else kept["low"]
    high = inf if kept["high"] is None else kept["high"]
    told = Arm(kept["arm"])
    return Effect(kept["outcome"], told, kept["n"], kept["difference"], low, high)


def _ended(conn: Connection, found: Experiment, limit: int, now: datetime) -> Iterator[Ended]:
    """The first ``limit`` closed cases: a look is of the cases it was planned for."""
    rows = experiments.closed_cases(conn, found.id, limit=limit)
    words = opinions.current_of(conn, [row.report_id for row in rows])
    for row in rows:
        said = words.get(row.report_id)
        minutes = (row.arrived_at - row.opened_at).total_seconds() / 60 if row.arrived_at else None
        yield Ended(
            arm=Arm(row.arm),
            minutes=minutes,
            disposition=row.disposition,
            route=Route(row.route),
            handed_over=row.handed_over_at is not None,
            label=said.label if said else None,
            again=_again(conn, row, now),
        )


def _again(conn: Connection, row: Any, now: datetime) -> bool | None:
    """Only of cases whose 90 days are over: who came back early would else count alone."""
    until = row.opened_at + REPEAT
    if row.person_id is None or now < until:
        return None
    return experiments.came_back(conn, row.person_id, row.case_id, row.opened_at, until)
