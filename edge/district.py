"""A district as values: streets as a graph, communities, mediation points, named places.

Reads the JSON that ``datasets/district/generate.py`` writes (its shape is in docs/EDGE.md). All
positions are WGS-84 degrees.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

EARTH_RADIUS_M = 6_371_008.8  # mean radius of the IUGG

RoadClass = Literal["trunk", "main", "street", "lane"]


class BadDistrict(ValueError):
    """A district file that cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Point:
    """WGS-84 degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """WGS-84 degrees."""

    south: float
    west: float
    north: float
    east: float

    def contains(self, lat: float, lon: float) -> bool:
        return self.south <= lat <= self.north and self.west <= lon <= self.east


@dataclass(frozen=True, slots=True)
class Road:
    """A named street as a chain of node numbers of the district's ``nodes``."""

    name: str
    road_class: RoadClass
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Community:
    """A village or community; ``outline`` is closed implicitly."""

    name: str
    kind: Literal["community", "village"]
    centroid: Point
    outline: tuple[Point, ...]
    population: int


@dataclass(frozen=True, slots=True)
class MediationPoint:
    name: str
    at: Point
    address: str


@dataclass(frozen=True, slots=True)
class Shape:
    """Water or green, for looks: a river is a line with a width, the others are outlines."""

    name: str
    kind: Literal["river", "lake", "park"]
    outline: tuple[Point, ...]
    width_m: float


@dataclass(frozen=True, slots=True)
class Place:
    """A named place of the gazetteer; ``aliases`` are other ways people write it."""

    name: str
    aliases: tuple[str, ...]
    kind: str
    address: str
    community: str
    at: Point


@dataclass(frozen=True, slots=True, eq=False)  # hashed by identity: it is large and there is one
class District:
    name: str
    centre: Point
    bounds: Bounds
    area_km2: float
    outline: tuple[Point, ...]
    communities: tuple[Community, ...]
    nodes: tuple[Point, ...]
    roads: tuple[Road, ...]
    points: tuple[MediationPoint, ...]
    shapes: tuple[Shape, ...]
    gazetteer: tuple[Place, ...]


def parse(text: str) -> District:
    """The district in a JSON text. Raises BadDistrict."""
    try:
        return _district(json.loads(text))
    except BadDistrict:
        raise
    except KeyError as error:
        raise BadDistrict(f"The district file lacks {error}; generate it again.") from error
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise BadDistrict(f"The district file is malformed ({error}).") from error


def distance_m(a: Point, b: Point) -> float:
    """Great-circle distance (haversine)."""
    lat1, lat2 = math.radians(a.lat), math.radians(b.lat)
    half = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(b.lon - a.lon) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


def _district(raw: Mapping[str, Any]) -> District:
    nodes = _line(raw["nodes"])
    return District(
        name=str(raw["name"]),
        centre=_point(raw["centre"]),
        bounds=Bounds(*map(float, raw["bounds"])),
        area_km2=float(raw["area_km2"]),
        outline=_line(raw["outline"]),
        communities=tuple(map(_community, raw["communities"])),
        nodes=nodes,
        roads=tuple(_road(item, len(nodes)) for item in raw["roads"]),
        points=tuple(
            MediationPoint(str(p["name"]), _point(p["at"]), str(p["address"]))
            for p in raw["points"]
        ),
        shapes=tuple(map(_shape, raw["shapes"])),
        gazetteer=tuple(map(_place, raw["gazetteer"])),
    )


def _point(pair: Any) -> Point:
    lat, lon = map(float, pair)
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise BadDistrict("The district file has a point off the globe; write [lat, lon].")
    return Point(lat, lon)


def _line(pairs: Any) -> tuple[Point, ...]:
    return tuple(map(_point, pairs))


def _road(raw: Mapping[str, Any], node_count: int) -> Road:
    chain = tuple(map(int, raw["nodes"]))
    if len(chain) < 2 or not all(0 <= number < node_count for number in chain):
        raise BadDistrict("The district file has a road with unknown nodes.")
    if raw["class"] not in ("trunk", "main", "street", "lane"):
        raise BadDistrict("The district file has a road of unknown class.")
    return Road(str(raw["name"]), raw["class"], chain)


def _community(raw: Mapping[str, Any]) -> Community:
    return Community(
        name=str(raw["name"]),
        kind="village" if raw["kind"] == "village" else "community",
        centroid=_point(raw["centroid"]),
        outline=_line(raw["outline"]),
        population=int(raw["population"]),
    )


def _shape(raw: Mapping[str, Any]) -> Shape:
    if raw["kind"] not in ("river", "lake", "park"):
        raise BadDistrict("The district file has a shape of unknown kind.")
    return Shape(str(raw["name"]), raw["kind"], _line(raw["outline"]), float(raw["width_m"]))


def _place(raw: Mapping[str, Any]) -> Place:
    return Place(
        name=str(raw["name"]),
        aliases=tuple(map(str, raw["aliases"])),
        kind=str(raw["kind"]),
        address=str(raw["address"]),
        community=str(raw["community"]),
        at=Point(float(raw["lat"]), float(raw["lon"])),
    )
