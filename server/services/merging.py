"""Two people taken for one, one for two, and every such act taken back.

A merge moves the reports of one person to another and keeps which ones, so that it is undone
exactly. What a person does by hand carries a word of a short list (``domain.identity_reasons``).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from server.domain.errors import Conflict, Invalid, Missing, MovedSince
from server.domain.events import NewEvent
from server.domain.identity import Match
from server.domain.identity_reasons import MergeReason, SplitReason
from server.domain.roles import SYSTEM, Actor
from server.office import Office
from server.services.ids import new_id
from server.store import events, identity
from server.store.engine import writing
from server.store.identity import Found

MOST_SPLIT = 200
"""Reports moved by one split."""


@dataclass(frozen=True, slots=True)
class Reason:
    """``match``: the rule's own comparison; ``why``: what a person chose."""

    match: Match | None = None
    why: MergeReason | SplitReason | None = None


def merge(office: Office, person_id: str, into: str, *, why: MergeReason, actor: Actor) -> int:
    """Take two people for one; the number of the act, for undoing. Raises Invalid, Missing."""
    if person_id == into:
        raise Invalid("into", "本来就是同一个人，请另选")
    now = office.clock()
    with writing(office.engine) as conn:
        if not identity.of_person(conn, into):
            raise Missing("person", into)
        number = absorb(conn, person_id, into, Reason(why=why), by=actor.name, now=now)
        if number is None:
            raise Missing("person", person_id)
        _tell(conn, "identity_merged", actor, now, number, why)
    return number


def split(
    office: Office, report_ids: Collection[str], *, why: SplitReason, actor: Actor
) -> tuple[int, str]:
    """Take these reports of one person for another's: the act, the new person. Raises Invalid."""
    moved = sorted(set(report_ids))
    if not 0 < len(moved) <= MOST_SPLIT:
        raise Invalid("reports", f"请勾选1至{MOST_SPLIT}条警情")
    now = office.clock()
    with writing(office.engine) as conn:
        rows = [identity.find(conn, report_id) for report_id in moved]
        owners = {row.person_id for row in rows if row is not None}
        if len(owners) != 1 or None in rows:
            raise Invalid("reports", "要属于同一个人，请重新勾选")
        (owner,) = owners
        if len(identity.of_person(conn, owner)) == len(moved):
            raise Invalid("reports", "不能全部分出，至少留一条")
        other = new_id(now)
        identity.move(conn, moved, other)
        values = act_of("split", "standing", owner, other, by=actor.name, now=now)
        number = identity.add_act(conn, values | {"moved": moved, "why": why.value})
        _tell(conn, "identity_split", actor, now, number, why)
    return number, other


def answer(office: Office, number: int, *, same: bool, actor: Actor) -> None:
    """Settle an open question. Raises Missing, or Conflict when somebody was faster."""
    now = office.clock()
    with writing(office.engine) as conn:
        act = _found(conn, number)
        moved = identity.of_person(conn, act.other_id) if same else []
        _settle(conn, number, "pending", "standing" if same else "refused", actor, now, moved=moved)
        if same:
            identity.move(conn, moved, act.person_id)
        _tell(conn, "identity_merged" if same else "identity_kept_apart", actor, now, number)


def undo(office: Office, number: int, *, actor: Actor) -> None:
    """Take a merge or split back: exactly the reports it moved. Raises Missing, Conflict."""
    now = office.clock()
    with writing(office.engine) as conn:
        act = _found(conn, number)
        _settle(conn, number, "standing", "undone", actor, now)
        now_with, back_to = act.person_id, act.other_id
        if act.kind == "split":
            now_with, back_to = back_to, now_with
        still = set(identity.of_person(conn, now_with)) & set(act.moved)
        if still != set(act.moved):
            raise MovedSince("Its reports were moved again since; undo the later act first.")
        identity.move(conn, act.moved, back_to)
        _tell(conn, "identity_undone", actor, now, number)


def absorb(
    conn: Connection, person_id: str, into: str, reason: Reason, *, by: str, now: datetime
) -> int | None:
    """Move every report of a person to another; the act's number, None when there were none. A
    question about the two that was still open is answered by it."""
    moved = identity.of_person(conn, person_id)
    if not moved:
        return None
    identity.move(conn, moved, into)
    asked = identity.open_question(conn, into, person_id)
    if asked is not None:
        told = {"state": "standing", "settled_at": now, "settled_by": by, "moved": moved}
        told |= {"person_id": into, "other_id": person_id, "why": reason.why}
        if identity.settle(conn, asked, "pending", **told):
            return asked
    values = act_of("merged", "standing", into, person_id, by=by, now=now, match=reason.match)
    return identity.add_act(conn, values | {"moved": moved, "why": reason.why})


def ask(conn: Connection, person_id: str, other: str, match: Match, *, now: datetime) -> None:
    """Leave it to a person whether the two are one."""
    values = act_of("asked", "pending", person_id, other, by=SYSTEM, now=now, match=match)
    identity.add_act(conn, values)


def act_of(
    kind: str,
    state: str,
    person_id: str,
    other_id: str,
    *,
    by: str,
    now: datetime,
    match: Match | None = None,
) -> dict[str, object]:
    """The row of an act that moved nothing yet."""
    return {
        "at": now,
        "by": by,
        "kind": kind,
        "state": state,
        "person_id": person_id,
        "other_id": other_id,
        "score": match and match.score,
        "reasons": [list(one) for one in match.reasons] if match else [],
        "moved": [],
    }


def _settle(
    conn: Connection,
    number: int,
    was: str,
    state: str,
    actor: Actor,
    now: datetime,
    **more: object,
) -> None:
    told = {"state": state, "settled_at": now, "settled_by": actor.name, **more}
    if not identity.settle(conn, number, was, **told):
        said = {
            "pending": "The question was answered by somebody else; look again.",
            "standing": "Only what stands can be undone; look again.",
        }
        raise Conflict(said[was])


def _found(conn: Connection, number: int) -> Found:
    act = identity.find_act(conn, number)
    if act is None:
        raise Missing("identity act", str(number))
    return act


def _tell(
    conn: Connection,
    kind: str,
    actor: Actor,
    now: datetime,
    number: int,
    why: MergeReason | SplitReason | None = None,
) -> None:
    body: dict[str, object] = {"act": number, **({"why": why.value} if why else {})}
    events.tell(conn, [NewEvent(kind, now, actor.name, body=body)])
