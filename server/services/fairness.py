"""Whether diversion treats people alike: handed on, missed, waiting, by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from server.domain import equity, wording
from server.domain.case import Step
from server.domain.equity import Gap
from server.domain.geo import Place
from server.domain.opinions import Current
from server.office import Office
from server.services import needs, opinions
from server.store import fairness
from server.store.engine import reading
from triage.taxonomy import Label, Route

DAYS = 90
MOST = 20_000
"""Newest reports that are looked at."""
ANY = "any"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure watched, over ``n`` reports; ``gaps`` the flagged first."""

    name: str
    n: int
    gaps: tuple[Gap, ...]

    @property
    def flagged(self) -> tuple[Gap, ...]:
        return tuple(gap for gap in self.gaps if gap.flagged)


@dataclass(frozen=True, slots=True)
class _Known:
    """A live report: what the model did with it, and what it was by a person's word if any."""

    traits: dict[str, str]
    route: str
    model_label: str
    label: str | None
    late: bool | None


def figures(office: Office) -> tuple[Figure, ...]:
    """The newest 20,000 live reports of 90 days.

    ``diverted``: disputes the model sends to mediators by itself, by a person's label where there
    is one and else by the model's. ``missed``: police matters by a person's label that it sends to
    mediators or 12345. ``waited``: cases of a unit that arrived after its deadline.
    """
    rows = _known(office)
    return (
        _figure("diverted", [r for r in rows if _kind(r) == Label.DISPUTE], _is_diverted),
        _figure("missed", [r for r in rows if r.label == Label.POLICE], _is_missed),
        _figure("waited", [r for r in rows if r.late is not None], lambda row: bool(row.late)),
    )


def _figure(name: str, rows: Sequence[_Known], hit: Callable[[_Known], bool]) -> Figure:
    told = [equity.Case(_stratum(name, row), row.traits, hit(row)) for row in rows]
    gaps = sorted(equity.gaps(told), key=lambda gap: (not gap.flagged, gap.trait, gap.group))
    return Figure(name, len(rows), tuple(gaps))


def _stratum(name: str, row: _Known) -> str:
    """Alike in truth: the leaf, so that areas with other kinds of dispute are not blamed."""
    return row.traits["category"] if name == "diverted" else ANY


def _kind(row: _Known) -> str:
    return row.label or row.model_label


def _is_diverted(row: _Known) -> bool:
    return row.route == Route.MEDIATE


def _is_missed(row: _Known) -> bool:
    return row.route in {Route.MEDIATE, Route.SERVICE}


def _known(office: Office) -> list[_Known]:
    since = office.clock() - timedelta(days=DAYS)
    with reading(office.engine) as conn:
        rows = fairness.live(conn, since, limit=MOST)
        late = fairness.late(conn, Step.ARRIVED, since)
        words = opinions.current_since(conn, since)
    return [_one(office, row, late, words) for row in rows]


def _one(office: Office, row: Any, late: dict[str, bool], words: dict[str, Current]) -> _Known:
    said = words.get(row.id)
    place = Place(row.lat, row.lon) if row.lat is not None else None
    traits = {
        "area": needs.community_of(office.district, place) or "elsewhere",
        "category": (said.category if said else None) or row.assessment["category"],
        "source": row.source,
        "style": wording.style_of(row.text),
    }
    label = said.label.value if said else None
    return _Known(traits, row.route, row.assessment["label"], label, late.get(row.case_id))
