"""Made-up people whose disputes flare up again: months of past calls for the register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from edge.district import District
from server.demo.stories import MadeReport, deck, make
from server.domain.geo import Place
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import intake

PEOPLE = 24
MONTHS = timedelta(days=200)
LINE = Actor("demo-line", Role.INTAKE)


def regulars(rng: Random, district: District) -> list[MadeReport]:
    """One dispute each, told again and again from the same home and number."""
    told = (story for story in deck(rng) if story.label == "dispute")
    return [make(rng, next(told), district) for _ in range(PEOPLE)]


def remember(office: Office, rng: Random, people: Sequence[MadeReport], until: datetime) -> int:
    """Their calls of the months before, as an import would bring them; how many were new."""
    rows = []
    for number, made in enumerate(people):
        for call in range(rng.choice((1, 1, 2, 3, 5))):
            at = until - MONTHS * rng.random() ** 1.5
            rows.append(_told(made, f"demo-old-{number:02d}-{call}", at))
    rows.sort(key=lambda row: row.received_at)
    return sum(intake.take_history_many(office, rows, LINE))


def _told(made: MadeReport, source_id: str, at: datetime) -> NewReport:
    return NewReport(
        source=made.source,
        source_id=source_id,
        received_at=at,
        text=made.text,
        address=made.address,
        place=Place(made.lat, made.lon),
        caller=Caller(name=made.caller, phone=made.phone),
    )


def come_again(rng: Random, people: Sequence[MadeReport]) -> MadeReport:
    """One of them calls again, with the same matter."""
    made = rng.choice(people)
    return replace(made, text=f"{made.text.rstrip('。')}，之前调解过又起争执")
