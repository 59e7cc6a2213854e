"""Cases: read, assigned, moved on step by step, closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints

from server.domain.case import Disposition, Refusal, Status, Step
from server.domain.errors import Missing
from server.domain.evidence import Verdict
from server.domain.roles import Action, Actor
from server.domain.views import CandidateView, CaseView, Page, StepView
from server.office import Office
from server.services import dispatch, proof, ranking, reading, review, tracking
from server.web.contract import Body, Operations, Query
from server.web.fields import Cursor, Instant, Key, Limit, LineText, LongText, ShortText, UnitId
from triage.taxonomy import Route

cases = Operations("cases")

MAX_YUAN = 1e11


class CaseQuery(Query):
    status: Status | None = None
    unit: UnitId | None = None
    route: Route | None = None
    after: Cursor | None = None
    limit: Limit = 50


class AssignBody(Body):
    unit_id: UnitId | None = Field(None, description="Empty: the best candidate.")


class StepBody(Body):
    step: Step
    at: Instant | None = Field(None, description="When it happened; empty: now.")
    key: Key


class CloseBody(Body):
    disposition: Disposition
    note: LongText | None = None
    parties: tuple[ShortText, ...] = Field((), max_length=50)
    amount_yuan: Annotated[float, Field(ge=0, le=MAX_YUAN)] | None = None
    key: Key


class RefuseBody(Body):
    reason: Refusal


class CallBody(Body):
    at: Instant | None = Field(None, description="When it was dialled or began; empty: now.")
    talked_s: Annotated[float, Field(ge=0, le=86_400)] | None = Field(
        None, description="Of a line's record: how long they spoke. Empty: the phone dialled."
    )
    key: Key


class OverruleBody(Body):
    verdict: Verdict
    why: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class RouteBody(Body):
    route: Route
    why: LineText | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """False when the same key told of it before."""

    new: bool


@cases.get("/cases", Action.READ_CASES, query=CaseQuery, answers={200: Page[CaseView]})
def list_cases(office: Office, actor: Actor, query: CaseQuery) -> Page[CaseView]:
    """A page of cases, newest first, without their timelines."""
    return reading.case_page(
        office,
        actor,
        status=query.status,
        unit=query.unit,
        route=query.route,
        after=query.after,
        limit=query.limit,
    )


@cases.get("/cases/<case_id>", Action.READ_CASES, answers={200: CaseView})
def read_case(office: Office, actor: Actor, case_id: str) -> CaseView:
    """One case with its deadlines, assignment, steps and whole timeline."""
    return reading.case(office, case_id, actor)


@cases.get("/cases/<case_id>/candidates", Action.ASSIGN, answers={200: Page[CandidateView]})
def list_candidates(office: Office, actor: Actor, case_id: str) -> Page[CandidateView]:
    """Units that could go, best first, with reasons."""
    return Page(tuple(ranking.candidates(office, case_id, actor)), None)


@cases.post("/cases/<case_id>/assign", Action.ASSIGN, body=AssignBody, answers={200: CaseView})
def assign_case(office: Office, actor: Actor, case_id: str, body: AssignBody) -> CaseView:
    """Assign a unit; 409 names the winner when another call was faster."""
    return dispatch.assign(office, case_id, body.unit_id, actor)


@cases.post("/cases/<case_id>/route", Action.CORRECT, body=RouteBody, answers={200: CaseView})
def route_case(office: Office, actor: Actor, case_id: str, body: RouteBody) -> CaseView:
    """Decide where a case goes."""
    return review.decide_route(office, case_id, body.route, why=body.why, actor=actor)


@cases.post("/cases/<case_id>/steps", Action.ACT_ON_CASE, body=StepBody, answers={200: StepView})
def post_step(office: Office, actor: Actor, case_id: str, body: StepBody) -> StepView:
    """Post a step; the answer carries its evidence verdict, the key makes it act once."""
    return tracking.post_step(office, case_id, body.step, at=body.at, key=body.key, actor=actor)


@cases.post("/cases/<case_id>/refuse", Action.ACT_ON_CASE, body=RefuseBody, answers={200: CaseView})
def refuse_case(office: Office, actor: Actor, case_id: str, body: RefuseBody) -> CaseView:
    """The unit hands the case back; the next candidate gets it, a dangerous one goes to review."""
    return dispatch.refuse(office, case_id, body.reason, actor)


@cases.post("/cases/<case_id>/calls", Action.ACT_ON_CASE, body=CallBody, answers={200: Noted})
def note_call(office: Office, actor: Actor, case_id: str, body: CallBody) -> Noted:
    """A call to the parties: proof of the step contacted; the key makes it count once."""
    new = proof.note_call(
        office, case_id, at=body.at, talked_s=body.talked_s, key=body.key, actor=actor
    )
    return Noted(new)


@cases.post(
    "/cases/<case_id>/steps/<step>/overrule",
    Action.OVERRULE,
    body=OverruleBody,
    answers={200: StepView},
)
def overrule_step(
    office: Office, actor: Actor, case_id: str, step: str, body: OverruleBody
) -> StepView:
    """Set a step's verdict by a person's word, with the reason; late telemetry changes it not."""
    try:
        taken = Step(step)
    except ValueError as error:
        raise Missing("step", step) from error
    return proof.overrule(office, case_id, taken, body.verdict, why=body.why, actor=actor)


@cases.post("/cases/<case_id>/close", Action.ACT_ON_CASE, body=CloseBody, answers={200: CaseView})
def close_case(office: Office, actor: Actor, case_id: str, body: CloseBody) -> CaseView:
    """Close a case with its disposition; the key makes it act once."""
    return tracking.close(
        office,
        case_id,
        disposition=body.disposition,
        note=body.note,
        parties=body.parties,
        amount_yuan=body.amount_yuan,
        key=body.key,
        actor=actor,
    )
