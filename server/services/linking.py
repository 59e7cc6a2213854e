"""How well linkage goes: a falling rate costs the risk more than any model can win."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from server.office import Office
from server.store import identity
from server.store.engine import reading

WINDOW = timedelta(days=30)


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
