"""Who lets a model serve: one person, or two different ones where the site wants it so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from server.domain.errors import Conflict, Invalid, Missing, NotAllowed
from server.domain.events import NewEvent
from server.domain.roles import Action, Actor
from server.office import Office
from server.services import models, shadow
from server.services.ids import new_id
from server.store import approvals, events
from server.store.engine import reading, writing
from triage.errors import ModelUnavailable


def promote(office: Office, name: str, *, actor: Actor, why: str) -> bool:
    """Compare and let serve; where two are needed, only ask for the second. True when it serves
    now. Raises Invalid with the gate's reasons, or when it has read too few reports in shadow."""
    _allowed(actor)
    try:
        models.registry(office).find(name)
    except ModelUnavailable as error:
        raise Invalid("name", "没有这个模型，请刷新页面") from error
    least = office.settings.models.shadow_reports
    read = shadow.read_by(office, name) if least else 0
    if read < least:
        raise Invalid("name", f"须先试运行满{least}条警情，现有{read}条")
    if not office.settings.models.second_approver:
        models.promote(office, name, actor=actor, why=why)
        return True
    now = office.clock()
    row = {"id": new_id(now), "model": name, "asked_at": now, "asked_by": actor.name, "why": why}
    with writing(office.engine) as conn:
        if any(waiting.model == name for waiting in approvals.waiting(conn)):
            raise Invalid("name", "这个模型已在等待第二人确认")
        approvals.add(conn, row | {"state": "waiting"})
        events.tell(conn, [_event(office, "promotion_asked", actor, name)])
    return False


def confirm(office: Office, request_id: str, *, actor: Actor, why: str) -> str:
    """The second person agrees; the gate compares and the model serves. Its name. Raises Invalid
    when it is the same person or the gate refuses."""
    _allowed(actor)
    row = _waiting(office, request_id)
    if row.asked_by.strip().casefold() == actor.name.strip().casefold():
        raise Invalid("why", "须由另一人确认，不能是提出的人")
    asker = Actor(row.asked_by, actor.role)
    try:
        models.promote(office, row.model, actor=asker, why=row.why, second=actor.name, also=why)
    except Invalid as error:
        _decide(office, row, "refused", actor, str(error)[:400])
        raise
    _decide(office, row, "promoted", actor, why)
    return str(row.model)


def decline(office: Office, request_id: str, *, actor: Actor, why: str) -> None:
    """Anybody who may decide on models, the asker too, takes the request off the list."""
    _allowed(actor)
    row = _waiting(office, request_id)
    _decide(office, row, "withdrawn", actor, why)
    with writing(office.engine) as conn:
        events.tell(conn, [_event(office, "promotion_declined", actor, row.model)])


def waiting(office: Office) -> Sequence[Row[Any]]:
    """Requests that wait for a second person, oldest first."""
    with reading(office.engine) as conn:
        return approvals.waiting(conn)


def _waiting(office: Office, request_id: str) -> Row[Any]:
    with reading(office.engine) as conn:
        row = approvals.find(conn, request_id)
    if row is None:
        raise Missing("promotion request", request_id)
    if row.state != "waiting":
        raise Conflict(f"Promotion request {request_id} was decided already.")
    return row


def _decide(office: Office, row: Row[Any], state: str, actor: Actor, why: str) -> None:
    decided = {"decided_at": office.clock(), "decided_by": actor.name, "decided_why": why}
    with writing(office.engine) as conn:
        if not approvals.decide(conn, row.id, state, **decided):
            raise Conflict(f"Promotion request {row.id} was decided already.")


def _event(office: Office, kind: str, actor: Actor, model: str) -> NewEvent:
    return NewEvent(kind, office.clock(), actor.name, body={"model": model})


def _allowed(actor: Actor) -> None:
    if not actor.may(Action.MANAGE_MODELS):
        raise NotAllowed
