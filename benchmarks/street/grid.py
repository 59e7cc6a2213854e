"""Rules × posts × staff × volume on the same calls: what each is worth beside the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.street.ground import Ground
from benchmarks.street.scenarios import Figures, Spread, Street, Volume, best, draw, measure
from server.domain.coverage import Demand

STAFF = (8, 12, 20)
VOLUMES = (Volume(18.0, 90), Volume(60.0, 30), Volume(180.0, 15))
"""Calls a day; the more a day, the fewer days, so that a run takes about as long."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One row of the table."""

    rule: str
    posts: str
    street: Street
    volume: Volume
    figures: Figures


def cells(
    ground: Ground,
    demand: tuple[Demand, ...],
    fine: tuple[Demand, ...],
    *,
    seeds: int,
    spread: Spread,
) -> Iterator[Cell]:
    """Every combination; who stays needs no posts, and starts from the district's points.

    Fewer units than posts are left out: then posts stand empty, and fewer posts were the question.
    """
    posts = {
        "4": ground.points(),
        "12": best(ground, demand, 12),
        "16": best(ground, demand, 16),
    }
    for volume in VOLUMES:
        draws = [draw(ground, replace(volume, spread=spread), seed) for seed in range(seeds)]
        for staff in STAFF:
            for name, chosen in posts.items():
                if staff < len(chosen):
                    continue
                for rule, by_load in (("nearest", False), ("by load", True)):
                    street = Street(name, chosen, staff, by_load=by_load)
                    yield Cell(rule, name, street, volume, measure(ground, street, fine, draws))
            for rule, by_load in (("stay, nearest", False), ("stay, by load", True)):
                street = Street("", posts["4"], staff, stays=True, by_load=by_load)
                yield Cell(rule, "–", street, volume, measure(ground, street, fine, draws))


def row(cell: Cell) -> str:
    found = cell.figures
    words = (
        f"{cell.volume.calls_per_day:.0f}",
        str(cell.street.units),
        cell.posts,
        cell.rule,
        f"{found.reached.mean:.1%} ± {found.reached.half:.1%}",
        f"{found.p90_min.mean:.1f} ± {found.p90_min.half:.1f}",
        f"{found.waited.mean:.2%} ± {found.waited.half:.2%}",
        f"{found.gini.mean:.2f} ± {found.gini.half:.2f}",
        f"{found.busy.mean:.1%} ± {found.busy.half:.1%}",
    )
    return f"| {' | '.join(words)} |"
