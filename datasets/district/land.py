"""The lie of the land: outline, river, lake, parks and communities."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import names
import plane
from plane import XY

AREA_KM2 = 76.94
PEOPLE = 330_000
TOWN_CENTRES: tuple[tuple[XY, float], ...] = (
    ((-300.0, 250.0), 2150.0),
    ((2500.0, -2150.0), 1200.0),
    ((-2700.0, -2000.0), 1000.0),
    ((900.0, 3000.0), 900.0),
)


@dataclass
class Land:
    outline: list[XY]
    river: list[XY]
    brook: list[XY]
    lake: list[XY]
    parks: list[tuple[str, list[XY]]]
    communities: list[tuple[str, str, list[XY], int]]


def make(rng: random.Random) -> Land:
    raw = _outline()
    outline = _bent(raw)
    river = [p for p in _river() if plane.inside(p, outline)]
    brook = [p for p in _brook() if plane.inside(p, outline)]
    lake = _blob((1500.0, 1250.0), 520.0, 330.0, 0.5)
    parks = [
        ("荷洲公园", _blob((-1150.0, 1180.0), 260.0, 190.0, 2.0)),
        ("鹭汀湿地", _blob((4350.0, -450.0), 430.0, 260.0, 3.6)),
        ("翠屏山", _blob((-3250.0, 2050.0), 640.0, 480.0, 5.0)),
    ]
    return Land(outline, river, brook, lake, parks, _communities(rng, raw))


def town(p: XY) -> float:
    """How built-up it is here: 1 in a centre, 0 far out."""
    return max(math.exp(-((plane.distance(p, c) / r) ** 2)) for c, r in TOWN_CENTRES)


def _outline() -> list[XY]:
    ring: list[XY] = []
    for step in range(180):
        a = 2 * math.pi * step / 180
        r = 1 + 0.10 * math.cos(2 * a - 0.4) + 0.055 * math.cos(3 * a + 1.2)
        r += 0.035 * math.cos(5 * a + 2.2) + 0.018 * math.cos(9 * a) + 0.012 * math.cos(14 * a + 1)
        ring.append((r * math.cos(a) * 1.04, r * math.sin(a)))
    ring = [(x * 4900, y * 4900) for x, y in ring]
    for _ in range(3):  # bending changes the area a little
        scale = math.sqrt(AREA_KM2 * 1e6 / plane.area(_bent(ring)))
        ring = [(x * scale, y * scale) for x, y in ring]
    return ring


def _bent(ring: list[XY]) -> list[XY]:
    """The ring bent as all borders are, so that they meet."""
    warp = plane.Warp()
    bent = [warp(p) for p in plane.dense(ring, 110)]
    return plane.simplified([*bent, bent[0]], 6)[:-1]


def _river() -> list[XY]:
    bends = [
        (-6500.0, 3300.0),
        (-4600.0, 2900.0),
        (-3300.0, 1150.0),
        (-1900.0, 950.0),
        (-900.0, -650.0),
        (500.0, -900.0),
        (1300.0, -2100.0),
        (2700.0, -2700.0),
        (3600.0, -4200.0),
        (5200.0, -5600.0),
    ]
    return plane.spline(bends, 90)


def _brook() -> list[XY]:
    return plane.spline([(1450.0, 900.0), (1000.0, 200.0), (1050.0, -400.0), (620.0, -960.0)], 80)


def _blob(middle: XY, rx: float, ry: float, phase: float) -> list[XY]:
    ring = []
    for step in range(40):
        a = 2 * math.pi * step / 40
        r = 1 + 0.16 * math.cos(2 * a + phase) + 0.10 * math.cos(3 * a - phase)
        r += 0.05 * math.cos(5 * a + 2 * phase)
        ring.append((middle[0] + rx * r * math.cos(a), middle[1] + ry * r * math.sin(a)))
    return ring


def _communities(rng: random.Random, outline: list[XY]) -> list[tuple[str, str, list[XY], int]]:
    seeds = _seeds(rng, outline, len(names.COMMUNITIES))
    rings = [_bent(cell) for cell in _cells(seeds, outline)]
    weights = [(0.12 + town(plane.centroid(ring))) * plane.area(ring) ** 0.5 for ring in rings]
    out = []
    for name, ring, weight in zip(names.COMMUNITIES, rings, weights, strict=True):
        people = round(PEOPLE * weight / sum(weights) * rng.uniform(0.85, 1.15) / 10) * 10
        kind = "community" if town(plane.centroid(ring)) > 0.22 else "village"
        out.append((name, kind, ring, people))
    return out


def _seeds(rng: random.Random, outline: list[XY], count: int) -> list[XY]:
    """Points, denser in town, evened out by moving each to its cell's middle a few times."""
    seeds: list[XY] = []
    while len(seeds) < count:
        p = (rng.uniform(-6000, 6000), rng.uniform(-6000, 6000))
        if plane.inside(p, outline) and rng.random() < 0.25 + town(p):
            seeds.append(p)
    for _ in range(2):
        seeds = [plane.centroid(cell) for cell in _cells(seeds, outline)]
    return seeds


def _cells(seeds: list[XY], outline: list[XY]) -> list[list[XY]]:
    cells = []
    for seed in seeds:
        ring = outline
        for other in seeds:
            if other != seed:
                ring = plane.nearer_half(ring, seed, other)
        cells.append(ring)
    return cells
