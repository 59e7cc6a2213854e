"""Writes the made-up district ``edge/data/district.json``.

Run by hand: ``python datasets/district/generate.py``. Seeded and deterministic; a test generates
it again and compares checksums. Everything is invented: no map, no boundary file, no real name
but those of the four mediation points, which the task gives.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import land
import names
import plane
import streets
from plane import XY

SEED = 20261124
PLACES = 156
HOMES_SHARE = 0.62
TARGET = Path(__file__).parents[2] / "edge" / "data" / "district.json"
POINT_SITES: tuple[XY, ...] = (
    (-900.0, -250.0),
    (-2450.0, -1900.0),
    (2350.0, -1300.0),
    (950.0, 2700.0),
)

Streets = list[tuple[str, str, list[int]]]
Json = dict[str, object]


def build(seed: int) -> Json:
    rng = random.Random(seed)
    ground = land.make(rng)
    drawer = names.Names(rng)
    net = streets.make(rng, ground)
    roads = streets.named(net, drawer)
    lats, lons = zip(*map(plane.degrees, ground.outline), strict=True)
    margin = 0.004
    return {
        "format": 1,
        "made_up": "Invented by datasets/district/generate.py; no real place.",
        "seed": seed,
        "name": names.TOWN,
        "crs": "WGS-84",
        "centre": [plane.CENTRE_LAT, plane.CENTRE_LON],
        "bounds": [
            round(min(lats) - margin, 4),
            round(min(lons) - margin, 4),
            round(max(lats) + margin, 4),
            round(max(lons) + margin, 4),
        ],
        "area_km2": land.AREA_KM2,
        "outline": _degrees(ground.outline),
        "communities": [_community(*item) for item in ground.communities],
        "nodes": _degrees(net.at),
        "roads": [{"name": n, "class": c, "nodes": chain} for n, c, chain in roads],
        "points": _points(net, roads),
        "shapes": _shapes(ground),
        "gazetteer": _gazetteer(rng, drawer, ground, net, roads),
    }


def _degrees(points: list[XY]) -> list[list[float]]:
    return [plane.degrees(p) for p in points]


def _community(name: str, kind: str, ring: list[XY], people: int) -> Json:
    suffix = "社区" if kind == "community" else "村"
    return {
        "name": name + suffix,
        "kind": kind,
        "centroid": plane.degrees(plane.centroid(ring)),
        "population": people,
        "outline": _degrees(ring),
    }


def _points(net: streets.Net, roads: Streets) -> list[Json]:
    out: list[Json] = []
    for name, site in zip(names.POINTS, POINT_SITES, strict=True):
        road, node = min(
            ((road, node) for road in roads if road[1] != "lane" for node in road[2]),
            key=lambda pair: plane.distance(net.at[pair[1]], site),
        )
        address = f"{names.TOWN}{road[0]}{road[2].index(node) * 40 + 18}号"
        out.append(
            {"name": name, "node": node, "at": plane.degrees(net.at[node]), "address": address}
        )
    return out


def _shapes(ground: land.Land) -> list[Json]:
    rivers = (("临溪", ground.river, 70.0), ("月河", ground.brook, 22.0))
    out: list[Json] = [
        {
            "name": name,
            "kind": "river",
            "width_m": width,
            "outline": _degrees(plane.simplified(line, 4)),
        }
        for name, line, width in rivers
    ]
    for name, kind, ring in [("菱湖", "lake", ground.lake)] + [
        (name, "park", ring) for name, ring in ground.parks
    ]:
        out.append({"name": name, "kind": kind, "width_m": 0.0, "outline": _degrees(ring)})
    return out


def _gazetteer(
    rng: random.Random,
    drawer: names.Names,
    ground: land.Land,
    net: streets.Net,
    roads: Streets,
) -> list[Json]:
    usable = [road for road in roads if len(road[2]) > 2]
    out: list[Json] = []
    taken: list[XY] = []
    while len(out) < PLACES:
        road, along, at = _site(rng, net, usable)
        if rng.random() > 0.18 + land.town(at) or any(plane.distance(at, q) < 130 for q in taken):
            continue
        home = next((c for c in ground.communities if plane.inside(at, c[2])), None)
        if home is None:
            continue
        taken.append(at)
        out.append(_place(rng, drawer, (road[0], along), home, at))
    return sorted(out, key=lambda place: str(place["name"]))


def _site(
    rng: random.Random, net: streets.Net, roads: Streets
) -> tuple[tuple[str, str, list[int]], float, XY]:
    """A spot 35 m beside a random street: the street, metres from its start, the spot."""
    road = rng.choice(roads)
    part = rng.randrange(len(road[2]) - 1)
    a, b = net.at[road[2][part]], net.at[road[2][part + 1]]
    t = rng.uniform(0.25, 0.75)
    x, y = plane.between(a, b, t)
    length = plane.distance(a, b) or 1.0
    side = rng.choice((-35.0, 35.0))
    at = (x - (b[1] - a[1]) / length * side, y + (b[0] - a[0]) / length * side)
    before = sum(
        plane.distance(net.at[p], net.at[q])
        for p, q in zip(road[2][:part], road[2][1 : part + 1], strict=True)
    )
    return road, before + t * length, at


def _place(
    rng: random.Random,
    drawer: names.Names,
    street: tuple[str, float],
    home: tuple[str, str, list[XY], int],
    at: XY,
) -> Json:
    community = home[0]
    if rng.random() < HOMES_SHARE:
        kind, name = "compound", drawer.home()
    else:
        kind, endings = rng.choice(names.OTHER_PLACES)
        name = drawer.other(community, endings)
    lat, lon = plane.degrees(at)
    road, along = street
    number = max(1, round(along / 6))
    return {
        "name": name,
        "aliases": _aliases(rng, name, kind),
        "kind": kind,
        "address": f"{names.TOWN}{road}{number}号",
        "community": community + ("社区" if home[1] == "community" else "村"),
        "lat": lat,
        "lon": lon,
    }


def _aliases(rng: random.Random, name: str, kind: str) -> list[str]:
    out = [names.TOWN.removesuffix("镇") + name]
    if kind == "compound" and name.endswith(("小区", "花园", "公寓", "家园")):
        out.append(name[:-2])
    if kind == "compound" and not name.endswith("小区") and rng.random() < 0.4:
        out.append(name + "小区")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=TARGET)
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    text = json.dumps(build(args.seed), ensure_ascii=False, separators=(",", ":"))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(text + "\n", "utf-8")
    print(f"{args.out}: {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
