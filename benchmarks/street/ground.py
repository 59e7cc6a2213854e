"""The ground: an outline in kilometres around the district's centre, and places drawn in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.district import District, Point
from server.domain.coverage import Demand, Post
from server.domain.demand import inside, residents
from server.domain.geo import EARTH_RADIUS_M, Place

Plane = NDArray[np.float64]
"""Rows of (x east, y north) in kilometres."""

_KM_PER_RADIAN = EARTH_RADIUS_M / 1000


@dataclass(frozen=True, slots=True)
class Ground:
    """A district as a plane; the projection errs by less than 1 m in 10 km."""

    district: District

    def plane(self, places: Sequence[Place | Point]) -> Plane:
        centre = self.district.centre
        shrink = math.cos(math.radians(centre.lat))
        return np.array(
            [
                (
                    math.radians(place.lon - centre.lon) * shrink * _KM_PER_RADIAN,
                    math.radians(place.lat - centre.lat) * _KM_PER_RADIAN,
                )
                for place in places
            ]
        )

    def lattice(self, step_km: float) -> tuple[Demand, ...]:
        """Equal demand on a square lattice inside the outline."""
        bounds = self.district.bounds
        lat_step = math.degrees(step_km / _KM_PER_RADIAN)
        lon_step = lat_step / math.cos(math.radians(self.district.centre.lat))
        lats = np.arange(bounds.south + lat_step / 2, bounds.north, lat_step)
        lons = np.arange(bounds.west + lon_step / 2, bounds.east, lon_step)
        spots = (Point(float(lat), float(lon)) for lat in lats for lon in lons)
        outline = self.district.outline
        return tuple(Demand(Place(p.lat, p.lon), 1.0) for p in spots if inside(p, outline))

    def even(self, rng: np.random.Generator, count: int) -> Plane:
        """Places evenly over the area."""
        ring = self.plane(self.district.outline)
        low, high = ring.min(axis=0), ring.max(axis=0)
        found = np.empty((0, 2))
        while len(found) < count:
            drawn = rng.uniform(low, high, size=(2 * count, 2))
            found = np.vstack([found, drawn[_within(drawn, ring)]])
        return found[:count]

    def populated(self, rng: np.random.Generator, count: int) -> Plane:
        """Places where people live: a road junction by population, strewn by about 100 m."""
        homes = residents(self.district)
        weights = np.array([home.weight for home in homes])
        drawn = rng.choice(len(homes), size=count, p=weights / weights.sum())
        return self.plane([home.place for home in homes])[drawn] + rng.normal(0, 0.1, (count, 2))

    def sites(self) -> tuple[Post, ...]:
        """Every named place of the gazetteer."""
        named = self.district.gazetteer
        return tuple(Post(place.name, Place(place.at.lat, place.at.lon)) for place in named)

    def points(self) -> tuple[Post, ...]:
        """The district's mediation points."""
        return tuple(Post(p.name, Place(p.at.lat, p.at.lon)) for p in self.district.points)


def _within(drawn: Plane, ring: Plane) -> NDArray[np.bool_]:
    """Even-odd rule, as in ``server.domain.demand.inside``, for many places at once."""
    x, y = drawn[:, 0], drawn[:, 1]
    odd = np.zeros(len(drawn), dtype=bool)
    for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, 1, axis=0), strict=True):
        if y1 != y2:
            crosses = (y1 > y) != (y2 > y)
            odd ^= crosses & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
    return odd
