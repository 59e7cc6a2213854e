"""Whom a report comes from: recognised at intake, or later for reports nobody asked yet.

What is close is left to people as a question; ``merging`` has what they do about it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection

from edge.district import District
from server.domain import mentions
from server.domain.address import read_address
from server.domain.identity import (
    Choice,
    Verdict,
    choose,
)
from server.domain.profiles import Mention, profile_of
from server.domain.report import Caller
from server.domain.roles import SYSTEM
from server.domain.voices import hear
from server.office import Office
from server.services import merging
from server.services.ids import new_id
from server.services.merging import Reason
from server.store import identity
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
    text: str,
    *,
    phone_key: str | None,
    id_key: str | None,
    address: str | None,
) -> Mention:
    """What a report says of whose matter it is; names as keyed hashes."""
    return mentions.mention_of(
        report_id,
        caller.name,
        hear(text),
        lambda name: office.vault.key("name", name),
        phone=phone_key,
        id_number=id_key,
        spot=read_address(address, _aliases(office.district)),
    )


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
    match = who.choice.match
    if who.asks:
        merging.ask(conn, who.choice.person, who.person_id, match, now=now)
    for other in who.choice.merge:
        merging.absorb(conn, other, who.person_id, Reason(match), by=SYSTEM, now=now)


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
        office,
        row.id,
        caller,
        office.vault.open(row.text_sealed),
        phone_key=row.phone_key,
        id_key=row.id_key,
        address=row.address,
    )


@lru_cache(maxsize=4)
def _aliases(district: District) -> Mapping[str, str]:
    """Other names of a place to its own, longest first."""
    pairs = [(alias, entry.name) for entry in district.gazetteer for alias in entry.aliases]
    return dict(sorted(pairs, key=lambda pair: -len(pair[0])))
