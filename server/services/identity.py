"""Whom a report comes from: recognised at intake, corrected by people, never forgotten.

A merge moves the reports of one person to another and keeps which ones, so that it can be undone
exactly; a question left to people stays until somebody answers it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection

from edge.district import District
from server.domain.address import read_address
from server.domain.errors import Conflict, Invalid, Missing
from server.domain.events import NewEvent
from server.domain.identity import (
    Choice,
    Mention,
    Verdict,
    choose,
    profile_of,
    read_name,
)
from server.domain.report import Caller
from server.domain.roles import SYSTEM, Actor
from server.office import Office
from server.services.ids import new_id
from server.store import events, identity
from server.store.engine import reading, writing
from server.store.identity import Found

BACKLOG_BATCH = 100
BATCHES = 10


@dataclass(frozen=True, slots=True)
class Recognised:
    """``asks``: the person it may be, left to a human."""

    mention: Mention
    person_id: str
    choice: Choice | None = None
    asks: bool = False


def mention_of(
    office: Office,
    report_id: str,
    caller: Caller,
    *,
    phone_key: str | None,
    id_key: str | None,
    address: str | None,
) -> Mention:
    """What a report says of its caller; the name as a keyed hash."""
    plain = (caller.name or "").replace(" ", "")
    full = office.vault.key("name", plain) if plain else None
    spot = read_address(address, _aliases(office.district))
    return Mention(report_id, phone_key, id_key, read_name(caller.name, full), spot)


def recognise(conn: Connection, mention: Mention, now: datetime) -> Recognised:
    """Who it is among those known; nothing is written."""
    people: Mapping[str, list[Mention]] = defaultdict(list)
    for person, said in identity.near(conn, mention):
        people[person].append(said)
    choice = choose(mention, {person: profile_of(said) for person, said in people.items()})
    if choice is None or choice.match.verdict is Verdict.NOT:
        return Recognised(mention, new_id(now))
    if choice.match.verdict is Verdict.CONFIRM:
        return Recognised(mention, new_id(now), choice, asks=True)
    return Recognised(mention, choice.person, choice)


def remember(conn: Connection, who: Recognised, *, at: datetime, now: datetime) -> None:
    """Keep a recognised mention, the merges it showed and the question it leaves."""
    identity.add(conn, who.mention, person_id=who.person_id, at=at)
    if who.choice is None:
        return
    if who.asks:
        _ask(conn, who, who.choice, now)
    for other in who.choice.merge:
        _merge(conn, other, who.person_id, who.choice, by=SYSTEM, now=now)


def merge(office: Office, person_id: str, into: str, *, actor: Actor) -> int:
    """Take two people for one; the number of the act, for undoing. Raises Invalid, Missing."""
    if person_id == into:
        raise Invalid("into", "is the same person; name another")
    now = office.clock()
    with writing(office.engine) as conn:
        if not identity.of_person(conn, into):
            raise Missing("person", into)
        number = _merge(conn, person_id, into, None, by=actor.name, now=now)
        if number is None:
            raise Missing("person", person_id)
        _tell(conn, "identity_merged", actor, now, number)
    return number


def split(office: Office, report_ids: Collection[str], *, actor: Actor) -> int:
    """Take these reports of one person for another's. Raises Invalid, Missing."""
    now = office.clock()
    with writing(office.engine) as conn:
        rows = [identity.find(conn, report_id) for report_id in sorted(report_ids)]
        owners = {row.person_id for row in rows if row is not None}
        if len(owners) != 1 or None in rows:
            raise Invalid("reports", "must be of one person; choose them again")
        (owner,) = owners
        moved = sorted(report_ids)
        if len(identity.of_person(conn, owner)) == len(moved):
            raise Invalid("reports", "are all of that person's; leave at least one")
        other = new_id(now)
        identity.move(conn, moved, other)
        number = identity.add_act(
            conn, _act("split", "standing", owner, other, by=actor.name, now=now, moved=moved)
        )
        _tell(conn, "identity_split", actor, now, number)
    return number


def answer(office: Office, number: int, *, same: bool, actor: Actor) -> None:
    """Settle an open question. Raises Missing, or Conflict when somebody was faster."""
    now = office.clock()
    with writing(office.engine) as conn:
        act = _found(conn, number)
        state = "standing" if same else "refused"
        moved = identity.of_person(conn, act.other_id) if same else []
        done = identity.settle(
            conn,
            number,
            "pending",
            state=state,
            moved=moved,
            settled_at=now,
            settled_by=actor.name,
        )
        if not done:
            raise Conflict("The question was answered by somebody else; look again.")
        if same:
            identity.move(conn, moved, act.person_id)
        _tell(conn, "identity_merged" if same else "identity_kept_apart", actor, now, number)


def undo(office: Office, number: int, *, actor: Actor) -> None:
    """Take a merge or split back: exactly the reports it moved. Raises Missing, Conflict."""
    now = office.clock()
    with writing(office.engine) as conn:
        act = _found(conn, number)
        done = identity.settle(
            conn, number, "standing", state="undone", settled_at=now, settled_by=actor.name
        )
        if not done:
            raise Conflict("Only what stands can be undone; look again.")
        now_with, back_to = act.person_id, act.other_id
        if act.kind == "split":
            now_with, back_to = back_to, now_with
        still = set(identity.of_person(conn, now_with)) & set(act.moved)
        if still != set(act.moved):
            raise Conflict("Its reports were moved again since; undo the later act first.")
        identity.move(conn, act.moved, back_to)
        _tell(conn, "identity_undone", actor, now, number)


def catch_up(office: Office) -> int:
    """Ask of reports nobody asked yet (imports, an older version) who called; how many.

    Looked for without a writer's lock; at most ``BATCHES`` short transactions a call.
    """
    done = 0
    for _ in range(BATCHES):
        with reading(office.engine) as conn:
            rows = identity.without_mention(conn, limit=BACKLOG_BATCH)
        done += len(rows)
        if rows:
            _catch_up_with(office, rows)
        if len(rows) < BACKLOG_BATCH:
            break
    return done


def _catch_up_with(office: Office, rows: Sequence[Found]) -> None:
    now = office.clock()
    with writing(office.engine) as conn:
        for row in rows:
            if identity.find(conn, row.id) is None:  # else another worker was faster
                mention = _mention_of_row(office, row)
                remember(conn, recognise(conn, mention, now), at=row.received_at, now=now)


def _mention_of_row(office: Office, row: Found) -> Mention:
    said = office.vault.open_json(row.caller_sealed)
    caller = Caller(said.get("name"), said.get("phone"), said.get("id_number"))
    return mention_of(
        office, row.id, caller, phone_key=row.phone_key, id_key=row.id_key, address=row.address
    )


def _ask(conn: Connection, who: Recognised, choice: Choice, now: datetime) -> None:
    values = _act("asked", "pending", choice.person, who.person_id, by=SYSTEM, now=now)
    values |= {"score": choice.match.score, "reasons": [list(one) for one in choice.match.reasons]}
    identity.add_act(conn, values)


def _merge(
    conn: Connection, person_id: str, into: str, choice: Choice | None, *, by: str, now: datetime
) -> int | None:
    moved = identity.of_person(conn, person_id)
    if not moved:
        return None
    identity.move(conn, moved, into)
    values = _act("merged", "standing", into, person_id, by=by, now=now, moved=moved)
    if choice is not None:
        reasons = [list(one) for one in choice.match.reasons]
        values |= {"score": choice.match.score, "reasons": reasons}
    return identity.add_act(conn, values)


def _act(
    kind: str,
    state: str,
    person_id: str,
    other_id: str,
    *,
    by: str,
    now: datetime,
    moved: Collection[str] = (),
) -> dict[str, object]:
    return {
        "at": now,
        "by": by,
        "kind": kind,
        "state": state,
        "person_id": person_id,
        "other_id": other_id,
        "reasons": [],
        "moved": list(moved),
    }


def _found(conn: Connection, number: int) -> Found:
    act = identity.find_act(conn, number)
    if act is None:
        raise Missing("identity act", str(number))
    return act


def _tell(conn: Connection, kind: str, actor: Actor, now: datetime, number: int) -> None:
    events.tell(conn, [NewEvent(kind, now, actor.name, body={"act": number})])


@lru_cache(maxsize=4)
def _aliases(district: District) -> Mapping[str, str]:
    """Other names of a place to its own, longest first."""
    pairs = [(alias, entry.name) for entry in district.gazetteer for alias in entry.aliases]
    return dict(sorted(pairs, key=lambda pair: -len(pair[0])))
