"""One person as far as may be shown: calls, places, who it may also be, what was done about it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from server.domain.errors import Invalid, Missing
from server.domain.identity import compare
from server.domain.identity_reasons import MergeReason
from server.domain.profiles import Mention, profile_of
from server.domain.roles import Actor
from server.domain.views import CallerView
from server.office import Office
from server.services import linking, merging, viewing
from server.services.linking import Side
from server.store import identity
from server.store import register as store
from server.store.engine import reading
from server.store.identity import Found

MOST_CALLS = 200
MOST_ALIKE = 8
COMPARED = 12
"""Of a person's mentions, the newest, by which others alike are looked for."""
MOST_ACTS = 50


@dataclass(frozen=True, slots=True)
class PersonCall:
    """``disposition`` of its case; ``duplicate``: the same event told again."""

    report_id: str
    case_id: str | None
    at: datetime
    category: str | None
    address: str | None
    disposition: str | None
    open: bool
    duplicate: bool
    caller: CallerView | None


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody else it may be; ``reasons``: what was compared and how many bits it says."""

    person_id: str
    score: float
    reasons: tuple[tuple[str, float], ...]
    side: Side


@dataclass(frozen=True, slots=True)
class Person:
    """``merged_into``: set when all calls were taken over by somebody; the lists are empty then.
    ``cut``: there are older calls than the ``MOST_CALLS`` shown."""

    id: str
    side: Side
    calls: tuple[PersonCall, ...]
    acts: tuple[Found, ...]
    alike: tuple[Alike, ...]
    merged_into: str | None
    cut: bool


def look(office: Office, person_id: str) -> Person:
    """Masked. Raises Missing."""
    with reading(office.engine) as conn:
        rows = store.calls_of_person(conn, person_id, limit=MOST_CALLS + 1)
        acts = identity.acts_of(conn, person_id, limit=MOST_ACTS)
        if not rows and not acts:
            raise Missing("person", person_id)
        return Person(
            id=person_id,
            side=linking.side(office, conn, person_id),
            calls=tuple(_call(office, row) for row in rows[:MOST_CALLS]),
            acts=tuple(acts),
            alike=_alike(office, conn, person_id),
            merged_into=None if rows else _taken_over_by(acts, person_id),
            cut=len(rows) > MOST_CALLS,
        )


def of_case(office: Office, case_id: str) -> list[str]:
    """Whom the reports of a case come from, by id."""
    with reading(office.engine) as conn:
        return identity.people_of_case(conn, case_id)


def merge_with(
    office: Office, person_id: str, *, other: str, source_id: str, why: MergeReason, actor: Actor
) -> int:
    """Take another for this person: ``other``, or whoever the report numbered ``source_id`` is
    from. The number of the act. Raises Invalid, Missing."""
    return merging.merge(
        office, other or _by_number(office, source_id), person_id, why=why, actor=actor
    )


def _by_number(office: Office, source_id: str) -> str:
    if not source_id:
        raise Invalid("other", "请选一个人，或填写其接警单编号")
    with reading(office.engine) as conn:
        found = identity.people_by_number(conn, source_id)
    if len(found) != 1:
        raise Invalid("other", "查无此接警单" if not found else "此编号不止一个人，请从列表中选")
    return found[0]


def _call(office: Office, row: Found) -> PersonCall:
    return PersonCall(
        report_id=row.id,
        case_id=row.case_id,
        at=row.received_at,
        category=row.category,
        address=row.address,
        disposition=row.disposition,
        open=row.case_id is not None and row.closed_at is None,
        duplicate=row.linked_to is not None,
        caller=viewing.caller_view(office.vault, row.caller_sealed, clear=False),
    )


def _alike(office: Office, conn: Connection, person_id: str) -> tuple[Alike, ...]:
    """Others that share a number, a name or a door, the likeliest first, whatever their bits."""
    own = identity.mentions_of(conn, person_id, limit=COMPARED)
    others: dict[str, dict[str, Mention]] = defaultdict(dict)
    for mention in own:
        for person, said in identity.near(conn, mention):
            if person != person_id:
                others[person][said.id] = said
    found = []
    for person, heard in others.items():
        profile = profile_of(heard.values())
        match = max((compare(one, profile) for one in own), key=lambda match: match.score)
        found.append((match, person))
    best = sorted(found, key=lambda pair: (-pair[0].score, pair[1]))[:MOST_ALIKE]
    return tuple(
        Alike(person, match.score, match.reasons, linking.side(office, conn, person))
        for match, person in best
    )


def _taken_over_by(acts: list[Found], person_id: str) -> str | None:
    """Who has the calls of a person that has none left."""
    for act in acts:
        if act.state == "standing" and act.kind != "split" and act.other_id == person_id:
            return str(act.person_id)
        if act.state == "undone" and act.kind == "split" and act.other_id == person_id:
            return str(act.person_id)
    return None
