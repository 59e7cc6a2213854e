"""Cases: read, assigned, moved on step by step, closed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from server.domain.case import Disposition, Status, Step
from server.domain.roles import Action, Actor
from server.domain.views import CandidateView, CaseView, Page, StepView
from server.office import Office
from server.services import dispatch, reading, review, tracking
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


class RouteBody(Body):
    route: Route
    why: LineText | None = None


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
    return Page(tuple(dispatch.candidates(office, case_id, actor)), None)


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
