"""Where calls are to be expected: past cases, smoothed with where people live.

Each case place counts one. To these come ``prior_cases`` imagined cases, spread over the
communities by population and within a community over its road junctions, since people live along
streets. With n cases the imagined ones have the share ``prior ÷ (n + prior)``: they decide while
there are few cases and fade as there are many (the mean of a Dirichlet posterior; Gelman et al.,
Bayesian Data Analysis, 3.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge.district import Community, District, Point
from server.domain.coverage import Demand
from server.domain.geo import Place

PRIOR_CASES = 100.0


def expected(
    cases: Iterable[Place], residents: Sequence[Demand], prior_cases: float = PRIOR_CASES
) -> tuple[Demand, ...]:
    """Demand in cases. ``residents`` may have any weights; they are scaled to ``prior_cases``."""
    people = sum(point.weight for point in residents)
    prior = [Demand(p.place, p.weight * prior_cases / people) for p in residents if p.weight > 0]
    return (*(Demand(place, 1.0) for place in cases), *prior)


def residents(district: District) -> tuple[Demand, ...]:
    """The population of each community, over its road junctions or else at its centre."""
    found = []
    for community in district.communities:
        homes = _junctions(community, district.nodes) or [community.centroid]
        each = community.population / len(homes)
        found += [Demand(Place(home.lat, home.lon), each) for home in homes]
    return tuple(found)


def inside(point: Point, outline: Sequence[Point]) -> bool:
    """Even-odd rule; ``outline`` is closed implicitly. Degrees as a plane, for small areas."""
    odd = False
    before = outline[-1] if outline else point
    for corner in outline:
        if (corner.lat > point.lat) != (before.lat > point.lat):
            along = (point.lat - corner.lat) / (before.lat - corner.lat)
            odd ^= point.lon < corner.lon + along * (before.lon - corner.lon)
        before = corner
    return odd


def _junctions(community: Community, nodes: Iterable[Point]) -> list[Point]:
    outline = community.outline
    if not outline:
        return []
    lats, lons = [p.lat for p in outline], [p.lon for p in outline]
    south, north, west, east = min(lats), max(lats), min(lons), max(lons)
    return [
        node
        for node in nodes
        if south <= node.lat <= north and west <= node.lon <= east and inside(node, outline)
    ]
