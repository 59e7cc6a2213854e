"""Whose case it is: a mediator acts on the own unit's cases only."""

from __future__ import annotations

from sqlalchemy import Connection

from server.domain.errors import AlreadyAssigned, Conflict, NotAllowed
from server.domain.roles import Actor, Role
from server.store import cases
from server.store.cases import CaseRow


def check_owner(conn: Connection, case_id: str, running: CaseRow | None, actor: Actor) -> None:
    """A mediator acts only on the case of the own unit; a dispatcher may act for any."""
    if actor.role is not Role.MEDIATOR:
        return
    check_member(actor)
    if actor.unit_id not in cases.units_that_had(conn, case_id):
        raise NotAllowed("This case was never with your unit.")
    if running is None:
        raise Conflict(f"Case {case_id} is with no unit now; ask the command room.")
    if running.unit_id != actor.unit_id:
        raise AlreadyAssigned(case_id, running.unit_id)


def check_member(actor: Actor) -> str:
    """The unit the actor belongs to. Raises NotAllowed for somebody without one."""
    if actor.unit_id is None:
        raise NotAllowed("You belong to no unit; ask the administrator to give you one.")
    return actor.unit_id
