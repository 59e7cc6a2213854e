"""After the end: tasks, agreements until they are fulfilled, calls back."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from server.domain.aftercare import (
    MAX_INSTALMENTS,
    AgreementForm,
    AgreementState,
    Instalment,
    Party,
    Satisfaction,
    TaskKind,
    TaskState,
)
from server.domain.aftercare_views import AgreementView, CallbackView, TaskView
from server.domain.errors import Missing
from server.domain.roles import Action, Actor
from server.domain.views import Page
from server.office import Office
from server.services import aftercare as tasks
from server.services import agreements
from server.store.aftercare import TaskFilter
from server.web.contract import Body, Operations, Query
from server.web.fields import Cursor, Instant, Key, Limit, LongText, UnitId

aftercare = Operations("aftercare")

Terms = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]
MAX_YUAN = 1e11


class TaskQuery(Query):
    state: TaskState | None = None
    party: Party | None = None
    kind: TaskKind | None = None
    case: UnitId | None = None
    after: Cursor | None = None
    limit: Limit = 50


class AgreementQuery(Query):
    state: AgreementState | None = None
    case: UnitId | None = None
    after: Cursor | None = None
    limit: Limit = 50


class DoneBody(Body):
    note: LongText | None = None


class InstalmentBody(Body):
    due_at: Instant
    amount_yuan: Annotated[float, Field(ge=0, le=MAX_YUAN)] | None = None


class AgreementBody(Body):
    form: AgreementForm = AgreementForm.WRITTEN
    terms: Terms
    instalments: tuple[InstalmentBody, ...] = Field(min_length=1, max_length=MAX_INSTALMENTS)
    key: Key


class PerformBody(Body):
    remote: bool = Field(False, description="Performed in a meeting held online.")


class CallbackBody(Body):
    satisfaction: Satisfaction
    relapse: bool = Field(False, description="The quarrel has flared up again.")
    note: LongText | None = None
    key: Key


@aftercare.get("/tasks", Action.FOLLOW_UP, query=TaskQuery, answers={200: Page[TaskView]})
def list_tasks(office: Office, actor: Actor, query: TaskQuery) -> Page[TaskView]:
    """Tasks that closed cases left behind, earliest due first."""
    wanted = TaskFilter(query.state, query.party, query.kind, query.case)
    return tasks.task_page(office, wanted, actor, after=query.after, limit=query.limit)


@aftercare.post("/tasks/<task_id>/done", Action.FOLLOW_UP, body=DoneBody, answers={200: TaskView})
def finish_task(office: Office, actor: Actor, task_id: str, body: DoneBody) -> TaskView:
    """A task is done; again changes nothing."""
    return tasks.finish_task(office, task_id, note=body.note, actor=actor)


@aftercare.get(
    "/agreements", Action.FOLLOW_UP, query=AgreementQuery, answers={200: Page[AgreementView]}
)
def list_agreements(office: Office, actor: Actor, query: AgreementQuery) -> Page[AgreementView]:
    """Agreements with their instalments, newest first."""
    return agreements.page(
        office,
        actor,
        case_id=query.case,
        state=query.state,
        after=query.after,
        limit=query.limit,
    )


@aftercare.post(
    "/cases/<case_id>/agreements",
    Action.ACT_ON_CASE,
    body=AgreementBody,
    answers={200: AgreementView},
)
def record_agreement(
    office: Office, actor: Actor, case_id: str, body: AgreementBody
) -> AgreementView:
    """Record an agreement and when it is to be performed; the key makes it act once."""
    return agreements.record(
        office,
        case_id,
        form=body.form,
        terms=body.terms,
        instalments=[Instalment(part.due_at, part.amount_yuan) for part in body.instalments],
        key=body.key,
        actor=actor,
    )


@aftercare.post(
    "/agreements/<agreement_id>/instalments/<number>/performed",
    Action.ACT_ON_CASE,
    body=PerformBody,
    answers={200: AgreementView},
)
def perform_instalment(
    office: Office, actor: Actor, agreement_id: str, number: str, body: PerformBody
) -> AgreementView:
    """An instalment was performed; the last one fulfils the agreement."""
    if not (number.isascii() and number.isdigit() and len(number) <= 3):
        raise Missing("instalment", number)
    return agreements.perform(office, agreement_id, int(number), remote=body.remote, actor=actor)


@aftercare.post(
    "/cases/<case_id>/callbacks", Action.CALL_BACK, body=CallbackBody, answers={200: CallbackView}
)
def call_back(office: Office, actor: Actor, case_id: str, body: CallbackBody) -> CallbackView:
    """What the parties said afterwards; unhappy or a relapse opens the case again."""
    return tasks.call_back(
        office,
        case_id,
        satisfaction=body.satisfaction,
        relapse=body.relapse,
        note=body.note,
        key=body.key,
        actor=actor,
    )
