"""Proof beside telemetry: calls to the parties, and a person who overrules a verdict."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from server.domain.case import Step
from server.domain.errors import Conflict, Invalid, Missing
from server.domain.events import NewEvent
from server.domain.evidence import Verdict
from server.domain.roles import Actor
from server.domain.views import StepView
from server.office import Office
from server.services import viewing
from server.services.ownership import check_owner
from server.store import cases, events, overrules, party_calls, view_traces
from server.store.engine import writing

FUTURE = timedelta(minutes=2)
SETTABLE = (Verdict.VERIFIED, Verdict.CLAIMED_ONLY, Verdict.CONTRADICTED)
DIALLED, RECORD = "dialled", "record"


def note_call(
    office: Office,
    case_id: str,
    *,
    at: datetime | None,
    talked_s: float | None,
    key: str,
    actor: Actor,
) -> bool:
    """A call about the case by the unit that has it; False when this key told of it before.

    Without ``talked_s`` the phone dialled; with it a line's record says how long they spoke.
    Dialling shows a number to whoever dials, so it leaves a trace of the view.
    """
    now = office.clock()
    moment = now if at is None else at
    if moment > now + FUTURE:
        raise Invalid("at", "lies in the future; check the clock of the phone")
    try:
        with writing(office.engine) as conn:
            if party_calls.by_key(conn, case_id, key) is not None:
                return False
            if cases.find(conn, case_id, lock=True) is None:
                raise Missing("case", case_id)
            running = cases.running_assignment(conn, case_id)
            check_owner(conn, case_id, running, actor)
            if running is None:
                raise Conflict(f"Case {case_id} is with no unit now; assign it first.")
            kind = DIALLED if talked_s is None else RECORD
            party_calls.add(
                conn,
                {
                    "case_id": case_id,
                    "unit_id": running.unit_id,
                    "at": min(moment, now),
                    "stored_at": now,
                    "by": actor.name,
                    "kind": kind,
                    "talked_s": talked_s,
                    "key": key,
                },
            )
            view_traces.add(conn, at=now, who=actor.name, what="party_call", object_id=case_id)
            told = NewEvent(
                "party_called",
                now,
                actor.name,
                case_id,
                unit_id=running.unit_id,
                body={"kind": kind},
            )
            events.tell(conn, [told])
            return True
    except IntegrityError:  # the same key twice at the same moment
        return False


def overrule(
    office: Office, case_id: str, step: Step, verdict: Verdict, *, why: str, actor: Actor
) -> StepView:
    """A person's word stands above the evidence, with a reason, once; later fixes change it not."""
    if verdict not in SETTABLE:
        raise Invalid("verdict", f"is not one of {', '.join(SETTABLE)}")
    if not why.strip():
        raise Invalid("why", "请写明理由")
    now = office.clock()
    with writing(office.engine) as conn:
        if cases.find(conn, case_id, lock=True) is None:
            raise Missing("case", case_id)
        given = cases.latest_assignments(conn, [case_id]).get(case_id)
        row = cases.step_of(conn, given.id, step) if given is not None else None
        if row is None or given is None:
            raise Missing("step", step.value)
        if overrules.find(conn, row.id) is not None:
            raise Conflict(f"The verdict on {step.value} was overruled already; it stands.")
        overrules.add(
            conn,
            {
                "step_id": row.id,
                "at": now,
                "by": actor.name,
                "before": row.verdict,
                "verdict": verdict,
                "why": why.strip(),
            },
        )
        changed = cases.change_verdict(
            conn, row.id, before=row.verdict, verdict=verdict, why=f"人工认定：{why.strip()}"
        )
        if not changed:
            raise Conflict(f"The verdict on {step.value} has just changed; reload the case.")
        body = {"step": step.value, "from": row.verdict, "verdict": verdict.value}
        unit_id = str(given.unit_id)
        told = NewEvent("evidence_overruled", now, actor.name, case_id, unit_id=unit_id, body=body)
        events.tell(conn, [told])
        found = cases.step_of(conn, given.id, step)
        assert found is not None, "it was there a moment ago"
        return viewing.step_view(found)
