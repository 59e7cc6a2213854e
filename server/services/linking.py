"""How well linkage goes, and what it leaves to people.

A falling link rate costs the risk more than any model can win.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from server.domain.views import CallerView
from server.office import Office
from server.services import viewing
from server.store import identity, reports
from server.store.engine import reading
from server.store.identity import Found

WINDOW = timedelta(days=30)
MOST_QUESTIONS = 50
SHOWN = 6
"""Reports of a person shown beside a question."""


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """``rate`` 0-1: share of the last 30 days' reports whose caller another report names too."""

    rate: float
    questions: int
    unlinked: int


def link_figures(office: Office) -> LinkFigures:
    with reading(office.engine) as conn:
        total, linked = identity.link_counts(conn, office.clock() - WINDOW)
        questions, unlinked = identity.waiting(conn)
    return LinkFigures(linked / total if total else 0.0, questions, unlinked)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two people that may be one, as far as may be shown: masked."""

    person_id: str
    callers: tuple[CallerView, ...]
    addresses: tuple[str, ...]
    reports: int


@dataclass(frozen=True, slots=True)
class Question:
    """``reasons``: what was compared and how many bits it says for (or against) one person."""

    number: int
    at: datetime
    score: float
    reasons: tuple[tuple[str, float], ...]
    one: Side
    other: Side


def questions(office: Office) -> list[Question]:
    """Open questions of identity, newest first, at most fifty."""
    with reading(office.engine) as conn:
        acts = identity.acts(conn, ["pending"], limit=MOST_QUESTIONS)
        return [
            Question(
                number=act.id,
                at=act.at,
                score=act.score or 0.0,
                reasons=tuple((str(name), float(bits)) for name, bits in act.reasons),
                one=side(office, conn, act.person_id),
                other=side(office, conn, act.other_id),
            )
            for act in acts
        ]


def settled(office: Office) -> list[Found]:
    """What was merged, split, kept apart or undone last, newest first."""
    with reading(office.engine) as conn:
        return identity.acts(conn, ["standing", "refused", "undone"], limit=MOST_QUESTIONS)


def side(office: Office, conn: Connection, person_id: str) -> Side:
    """A person's last callers and addresses, masked."""
    rows = [reports.find(conn, one) for one in identity.of_person(conn, person_id)[-SHOWN:]]
    known = [row for row in rows if row is not None]
    seen = [viewing.caller_view(office.vault, row.caller_sealed, clear=False) for row in known]
    return Side(
        person_id=person_id,
        callers=tuple(dict.fromkeys(view for view in seen if view is not None)),
        addresses=tuple(dict.fromkeys(row.address for row in known if row.address)),
        reports=len(identity.of_person(conn, person_id)),
    )
