"""What the unit does: steps with evidence, and closing. A key makes each act once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from server.domain import evidence, sla
from server.domain.case import Case, Disposition, Status, Step, check_step, status_after
from server.domain.errors import CaseClosed, Conflict, Invalid, Missing
from server.domain.events import NewEvent
from server.domain.evidence import ArrivalVerdict, Claim, Target, Verdict
from server.domain.roles import SYSTEM, Actor, Role
from server.domain.sla import DeadlineState
from server.domain.views import CaseView, StepView
from server.office import Office
from server.services import aftercare, dispatch, travel_times, viewing
from server.services.ownership import check_owner
from server.store import cases, events, party_calls, telemetry, unproven
from server.store.cases import CaseRow
from server.store.engine import reading, writing

FUTURE_TOLERANCE = timedelta(minutes=2)
RECHECK = timedelta(hours=24)
"""Late telemetry may change a verdict for this long."""
RECHECK_BATCH = 500


def post_step(
    office: Office, case_id: str, step: Step, *, at: datetime | None, key: str, actor: Actor
) -> StepView:
    """Post a step of the case's unit; the same key again answers what it did the first time."""
    now = office.clock()
    try:
        with writing(office.engine) as conn:
            return _post_step(office, conn, case_id, step, at=at, key=key, actor=actor, now=now)
    except IntegrityError:  # PostgreSQL: the same step came twice at the same moment
        with writing(office.engine) as conn:
            return _post_step(office, conn, case_id, step, at=at, key=key, actor=actor, now=now)


def close(
    office: Office,
    case_id: str,
    *,
    disposition: Disposition,
    key: str,
    actor: Actor,
    note: str | None = None,
    parties: tuple[str, ...] = (),
    amount_yuan: float | None = None,
) -> CaseView:
    """Close a case once; the same key again answers the closed case."""
    now = office.clock()
    with writing(office.engine) as conn:
        row = _row(conn, case_id)
        if row.status == Status.CLOSED and row.close_key == key:
            return viewing.case_views(conn, [row])[0]
        case = cases.to_case(row)
        if case.status is Status.CLOSED:
            raise CaseClosed(case_id)
        running = cases.running_assignment(conn, case_id)
        check_owner(conn, case_id, running, actor)
        outcome = {"note": note or "", "parties": "、".join(parties)}
        closed = cases.change(
            conn,
            case,
            status=Status.CLOSED,
            closed_at=now,
            closed_by=actor.name,
            close_key=key,
            disposition=disposition,
            amount_yuan=amount_yuan,
            outcome_sealed=office.vault.seal_json(outcome) if note or parties else None,
        )
        if not closed:
            raise Conflict(f"Case {case_id} has just changed; reload it.")
        _stop_clocks(conn, case_id, running, now)
        body = {"disposition": disposition.value, "amount_yuan": amount_yuan}
        unit_id = running.unit_id if running is not None else None
        told = [NewEvent("case_closed", now, actor.name, case_id, unit_id=unit_id, body=body)]
        if disposition is Disposition.TO_POLICE:
            told.append(NewEvent("police_needed", now, actor.name, case_id, unit_id=unit_id))
        told += aftercare.raise_tasks(office, conn, case_id, disposition, now)
        events.tell(conn, told)
        return viewing.case_views(conn, [_row(conn, case_id)])[0]


def recheck_evidence(office: Office) -> int:
    """Judge unproven steps again with what telemetry has come in since; how many changed."""
    now = office.clock()
    with reading(office.engine) as conn:
        steps = unproven.unproven_steps(conn, since=now - RECHECK, limit=RECHECK_BATCH)
        verdicts = [(step, _judge_again(office, conn, step, now)) for step in steps]
    changed = [(s, v) for s, v in verdicts if (v.verdict, v.why) != (s.verdict, s.why)]
    if not changed:
        return 0
    with writing(office.engine) as conn:
        told = []
        for step, found in changed:
            told += _change_verdict(office, conn, step, found, now)
        events.tell(conn, told)
    return len(told)


def _post_step(
    office: Office,
    conn: Connection,
    case_id: str,
    step: Step,
    *,
    at: datetime | None,
    key: str,
    actor: Actor,
    now: datetime,
) -> StepView:
    known = cases.step_by_key(conn, case_id, key)
    if known is not None:
        if known.step != step:
            raise Invalid("key", f"was used for the step {known.step}; make a new one")
        return viewing.step_view(known)
    row = _row(conn, case_id)
    running = cases.running_assignment(conn, case_id)
    check_owner(conn, case_id, running, actor)
    done = cases.done_steps(conn, running.id) if running is not None else set()
    check_step(cases.to_case(row), step, done)
    assert running is not None, "a case that is neither open nor closed has a unit"
    if step in done:
        same = [s for s in cases.steps_of(conn, [running.id]) if s.step == step]
        return viewing.step_view(same[0])
    claim = Claim(step, _claimed_at(at, running.at, now), by_unit=actor.role is Role.MEDIATOR)
    found = _judge(office, conn, case_id, claim, _target(row), running.unit_id, now)
    step_id = _add(conn, case_id, running.id, claim, found, key=key, by=actor.name, now=now)
    if found.verdict is Verdict.VERIFIED:
        travel_times.learn(office, conn, running.id, now)
    _move(conn, cases.to_case(row), step, running.id, claim.at)
    body = {"step": step.value, "verdict": found.verdict.value, "why": found.why}
    told = NewEvent("step_posted", now, actor.name, case_id, unit_id=running.unit_id, body=body)
    events.tell(conn, [told])
    return next(viewing.step_view(s) for s in cases.steps_of(conn, [running.id]) if s.id == step_id)


def _add(
    conn: Connection,
    case_id: str,
    assignment_id: int,
    claim: Claim,
    found: ArrivalVerdict,
    *,
    key: str,
    by: str,
    now: datetime,
) -> int:
    return cases.add_step(
        conn,
        {
            "case_id": case_id,
            "assignment_id": assignment_id,
            "step": claim.step,
            "at": claim.at,
            "posted_at": now,
            "by": by,
            "by_unit": claim.by_unit,
            "key": key,
            "verdict": found.verdict,
            "why": found.why,
            "since": found.since,
        },
    )


def _move(conn: Connection, case: Case, step: Step, assignment_id: int, at: datetime) -> None:
    """The case goes forward and the step's clock stops; arriving is the first feedback."""
    if not cases.change(conn, case, status=status_after(case.status, step)):
        raise Conflict(f"Case {case.id} has just changed; send the same key again.")
    stops: list[tuple[str, int | None]] = [(step.value, assignment_id)]
    if step is Step.ARRIVED:
        stops.append((sla.FEEDBACK, None))
    for name, owner in stops:
        for clock in cases.running_deadlines(conn, case.id, step=name, assignment_id=owner):
            cases.swap_deadline(
                conn,
                clock.id,
                before=DeadlineState(clock.state),
                after=sla.settled(at, clock.due_at),
            )


def _stop_clocks(conn: Connection, case_id: str, running: CaseRow | None, now: datetime) -> None:
    for name in (sla.FEEDBACK, sla.CLOSED):
        for clock in cases.running_deadlines(conn, case_id, step=name):
            cases.swap_deadline(
                conn,
                clock.id,
                before=DeadlineState(clock.state),
                after=sla.settled(now, clock.due_at),
            )
    dispatch.void_clocks(conn, case_id)
    if running is not None:
        cases.end_assignment(conn, running.id, at=now, why="closed")


def _row(conn: Connection, case_id: str) -> CaseRow:
    row = cases.find(conn, case_id, lock=True)
    if row is None:
        raise Missing("case", case_id)
    return row


def _claimed_at(at: datetime | None, handed_over: datetime, now: datetime) -> datetime:
    """The claimed moment, held between hand-over and now: a phone's clock may be off."""
    if at is None:
        return now
    if at > now + FUTURE_TOLERANCE:
        raise Invalid("at", "lies in the future; check the clock of the phone")
    return min(max(at, handed_over), now)


def _target(row: CaseRow) -> Target | None:
    if row.lat is None:
        return None
    return Target(cases.place_of(row), coarse=row.coarse)


def _judge(
    office: Office,
    conn: Connection,
    case_id: str,
    claim: Claim,
    target: Target | None,
    unit_id: str,
    now: datetime,
) -> ArrivalVerdict:
    rule = office.settings.evidence.rule()
    if claim.step is Step.CONTACTED:
        span = rule.call_window
        calls = party_calls.of_unit(
            conn, case_id, unit_id, since=claim.at - span, until=claim.at + span
        )
        return evidence.judge(claim, target, (), now=now, rule=rule, calls=calls)
    fixes = telemetry.fixes_of_unit(
        conn, unit_id, since=claim.at - rule.window, until=claim.at + rule.window
    )
    return evidence.judge(claim, target, fixes, now=now, rule=rule)


def _judge_again(office: Office, conn: Connection, step: CaseRow, now: datetime) -> ArrivalVerdict:
    claim = Claim(Step(step.step), step.at, by_unit=step.by_unit)
    return _judge(office, conn, step.case_id, claim, _target(step), step.unit_id, now)


def _change_verdict(
    office: Office, conn: Connection, step: CaseRow, found: ArrivalVerdict, now: datetime
) -> list[NewEvent]:
    swapped = cases.change_verdict(
        conn,
        step.id,
        before=step.verdict,
        verdict=found.verdict,
        why=found.why,
        since=found.since,
    )
    if not swapped:
        return []
    if found.verdict is Verdict.VERIFIED:
        travel_times.learn(office, conn, step.assignment_id, now)
    body = {
        "step": step.step,
        "from": Verdict(step.verdict).value,
        "verdict": found.verdict.value,
        "why": found.why,
    }
    return [
        NewEvent("evidence_changed", now, SYSTEM, step.case_id, unit_id=step.unit_id, body=body)
    ]
