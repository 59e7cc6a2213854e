"""Second opinions, and the label that counts once several people have spoken."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row

from server.domain import opinions as rules
from server.domain import readers
from server.domain.errors import Conflict, Missing, NotAllowed
from server.domain.events import NewEvent
from server.domain.opinions import Current, Opinion
from server.domain.readers import Reader, WordKappa
from server.domain.roles import Action, Actor
from server.office import Office
from server.services import feedback, review
from server.store import events, learning
from server.store.engine import reading, writing
from triage.taxonomy import Label

SECOND_SHARE = 0.10
QUEUE_DAYS = 90
QUEUE_SHOWN = 20
AGREEMENT_DAYS = 180


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that wants one more look; its text is masked, the words said so far are hidden
    from whoever is to look unless ``conflict`` is to be settled."""

    report_id: str
    received_at: datetime
    text: str
    conflict: bool
    said: tuple[Opinion, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """``kappa`` of two readers over ``n`` reports both have read; None where it says nothing."""

    readers: tuple[str, str]
    n: int
    same: float
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Concord:
    """Agreement of pairs of readers, by label, by leaf, and of each reader over time."""

    pairs: tuple[Agreement, ...]
    by_label: tuple[WordKappa, ...]
    by_category: tuple[WordKappa, ...]
    readers: tuple[Reader, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A report's masked text and the label that counts; ``at`` of the newest word."""

    report_id: str
    text: str
    at: datetime
    current: Current


def second(
    office: Office,
    report_id: str,
    *,
    label: Label,
    category: str | None,
    actor: Actor,
    why: str | None = None,
    purpose: str = "second",
) -> None:
    """One more person's blind word: kept, and the case stays where it is. ``purpose`` second, or
    suspect when the label was put in doubt by the training data."""
    review.check_category(label, category)
    now = office.clock()
    with writing(office.engine) as conn:
        rows = learning.opinions(conn, report_id=report_id)
        if not rows:
            raise Missing("report", report_id)
        if any(row.by == actor.name for row in rows):
            raise Conflict(f"{actor.name} has already spoken on report {report_id}.")
        said = {"report_id": report_id, "at": now, "by": actor.name, "label": label}
        said |= {"category": category, "why": why, "label_before": rows[-1].label}
        learning.add_opinion(conn, said, screen="labels", saw_model=False, purpose=purpose)
        body = {"label": label.value, "category": category}
        told = NewEvent("second_opinion", now, actor.name, None, report_id, body=body)
        events.tell(conn, [told])


def adjudicate(
    office: Office,
    report_id: str,
    *,
    label: Label,
    category: str | None,
    actor: Actor,
    why: str | None,
) -> None:
    """Settle a conflict; the case follows as with any correction."""
    if not actor.may(Action.ADJUDICATE):
        raise NotAllowed
    review.correct(
        office,
        report_id,
        label=label,
        category=category,
        why=why,
        actor=actor,
        screen="labels",
        purpose="adjudicate",
    )


def queue(office: Office, actor: Actor) -> tuple[Waiting, ...]:
    """What this person should look at: conflicts first, nothing they have spoken on, unless they
    may settle it."""
    now = office.clock()
    with reading(office.engine) as conn:
        rows = learning.opinions(conn, since=now - timedelta(days=QUEUE_DAYS))
    adrift = {one.name for one in _readers(rows, now) if one.drifts}
    found = [row for row in _waiting(rows, adrift, now - readers.WINDOW) if _is_for(row, actor)]
    return tuple(sorted(found, key=lambda row: not row.conflict)[:QUEUE_SHOWN])


def concord(office: Office) -> Concord:
    """How far people agree, over half a year."""
    now = office.clock()
    with reading(office.engine) as conn:
        rows = learning.opinions(conn, since=now - timedelta(days=AGREEMENT_DAYS))
    readings = [said for _, said in _by_report(rows)]
    pairs = tuple(
        Agreement(two, len(p), sum(a == b for a, b in p) / len(p), rules.kappa(p))
        for two, p in sorted(rules.shared(readings).items())
    )
    return Concord(
        pairs,
        tuple(readers.by_label(readings)),
        tuple(readers.by_category(readings)),
        tuple(readers.readers(readings, now)),
    )


def current_of(conn: Connection, report_ids: Collection[str]) -> dict[str, Current]:
    """The label that counts of each of these reports a person spoke on."""
    rows = learning.opinions(conn, report_ids=report_ids)
    found = {mine[0].report_id: rules.current(said) for mine, said in _by_report(rows)}
    return {report_id: now for report_id, now in found.items() if now is not None}


def current_since(conn: Connection, since: datetime) -> dict[str, Current]:
    """The label that counts of every report a person spoke on since then."""
    rows = learning.opinions(conn, since=since)
    found = {mine[0].report_id: rules.current(said) for mine, said in _by_report(rows)}
    return {report_id: now for report_id, now in found.items() if now is not None}


def labelled(office: Office) -> Iterator[Labelled]:
    """Every report a person spoke on, with the label that counts; then those that only have a
    feedback code."""
    with reading(office.engine) as conn:
        rows = learning.opinions(conn)
        codes = list(feedback.coded(office, conn))
    for one in codes:
        code = rules.current([one.opinion])
        if code is not None:
            yield Labelled(one.report_id, one.text, one.at, code)
    for mine, said in _by_report(rows):
        now = rules.current(said)
        if now is not None:
            yield Labelled(mine[0].report_id, mine[0].text, mine[-1].at, now)


def _readers(rows: Sequence[Row[Any]], now: datetime) -> list[Reader]:
    return readers.readers([said for _, said in _by_report(rows)], now)


def _waiting(
    rows: Sequence[Row[Any]], adrift: Collection[str], lately: datetime
) -> Iterator[Waiting]:
    """Every recent single word of a reader who drifts is asked about, too."""
    for mine, said in _by_report(rows):
        first, now = mine[0], rules.current(said)
        doubted = said[-1].by in adrift and said[-1].at >= lately
        share = 1.0 if doubted else SECOND_SHARE
        if now and rules.wants_second(first.report_id, said, share=share):
            yield Waiting(first.report_id, first.received_at, first.text, now.conflict, tuple(said))


def _is_for(row: Waiting, actor: Actor) -> bool:
    if row.conflict and actor.may(Action.ADJUDICATE):
        return True
    return all(said.by != actor.name for said in row.said)


def _by_report(rows: Sequence[Row[Any]]) -> Iterator[tuple[list[Row[Any]], list[Opinion]]]:
    ordered = sorted(rows, key=lambda row: (row.report_id, row.id))
    for _, group in groupby(ordered, key=lambda row: row.report_id):
        mine = list(group)
        yield mine, [_opinion(row) for row in mine]


def _opinion(row: Row[Any]) -> Opinion:
    settles = row.purpose == "adjudicate"
    return Opinion(row.by, row.at, Label(row.label), row.category, adjudicates=settles)
