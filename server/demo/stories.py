"""Made-up reports: texts of our own with a place put in, callers nobody has.

``{place}`` and ``{address}`` come from the district's gazetteer. The expected label is what a
person would say; it only serves to judge the ones the model leaves to people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from random import Random

from edge.district import District

IMPOSSIBLE = "1000000"
"""No mobile number in China begins like this; four more digits follow."""
_SURNAMES = "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_SOURCES = ("110", "110", "110", "110", "12345", "网格")
_ROOMS = ("{b}幢{u}单元{r}室", "{b}号楼{r}室", "{b}幢{u}单元门口", "{b}号楼楼下")
_HOMES = frozenset({"compound", "village"})
_NEAR_DEG = 4e-4
"""About 40 m: where in the compound it happens."""


@dataclass(frozen=True, slots=True)
class Story:
    label: str
    category: str
    text: str


@dataclass(frozen=True, slots=True)
class MadeReport:
    """A story at a place; ``label`` and ``category`` are what it really is."""

    source: str
    text: str
    address: str
    lat: float
    lon: float
    caller: str
    phone: str
    label: str
    category: str


def stories() -> tuple[Story, ...]:
    """All texts, from ``stories.tsv``: label, category and text, one a line."""
    table = files("server.demo").joinpath("stories.tsv").read_text("utf-8")
    return tuple(Story(*line.split("\t")) for line in table.splitlines() if line)


def deck(rng: Random) -> Iterator[Story]:
    """All stories in random order, then all of them again: none twice in a row."""
    while True:
        told = list(stories())
        rng.shuffle(told)
        yield from told


def make(rng: Random, story: Story, district: District) -> MadeReport:
    """The story at a random named place, near which it really happens."""
    at_home = "{place}" in story.text
    place = rng.choice([p for p in district.gazetteer if (p.kind in _HOMES) is at_home])
    where = place.name + (_room(rng) if at_home else "")
    return MadeReport(
        source=rng.choice(_SOURCES),
        text=story.text.format(place=where, short=place.name),
        address=f"{place.address}{where}",
        lat=round(place.at.lat + rng.uniform(-_NEAR_DEG, _NEAR_DEG), 6),
        lon=round(place.at.lon + rng.uniform(-_NEAR_DEG, _NEAR_DEG), 6),
        caller=f"{rng.choice(_SURNAMES)}某某",
        phone=f"{IMPOSSIBLE}{rng.randrange(10_000):04d}",
        label=story.label,
        category=story.category,
    )


def again(made: MadeReport) -> MadeReport:
    """The same caller urges."""
    return replace(made, text=f"报警人再次来电催促：{made.text}")


def _room(rng: Random) -> str:
    floor, flat = rng.randint(1, 17), rng.randint(1, 4)
    shape = rng.choice(_ROOMS)
    return shape.format(b=rng.randint(1, 28), u=rng.randint(1, 4), r=f"{floor}0{flat}")
