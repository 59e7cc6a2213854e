"""The made-up district: generated the same again, whole, connected, and nowhere real."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge import motion
from edge.district import BadDistrict, Point, distance_m, parse
from edge.shipped import shipped_district, shipped_district_json

GENERATOR = Path(__file__).parents[2] / "datasets" / "district" / "generate.py"
DISTRICT = shipped_district()


def checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_generated_again_it_is_the_same(tmp_path: Path):
    out = tmp_path / "district.json"
    subprocess.run([sys.executable, str(GENERATOR), "--out", str(out)], check=True)
    assert checksum(out.read_text("utf-8")) == checksum(shipped_district_json())


def test_it_has_what_the_street_has():
    assert len(DISTRICT.communities) == 43
    assert [point.name for point in DISTRICT.points] == ["顺达", "康乐", "临东", "横塘"]
    assert DISTRICT.area_km2 == 76.94
    assert 300_000 < sum(c.population for c in DISTRICT.communities) < 360_000
    assert len(DISTRICT.gazetteer) >= 150
    assert len(shipped_district_json().encode()) < 400_000


def test_names_are_not_given_twice():
    for names in (
        [c.name for c in DISTRICT.communities],
        [place.name for place in DISTRICT.gazetteer],
    ):
        assert len(names) == len(set(names))


def test_the_area_is_what_it_says():
    def area_km2(ring: tuple[Point, ...]) -> float:
        flat = [(p.lon * 95.9, p.lat * 111.2) for p in ring]
        pairs = zip(flat, flat[1:] + flat[:1], strict=True)
        return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2

    assert area_km2(DISTRICT.outline) == pytest.approx(76.94, rel=0.02)
    parts = sum(area_km2(c.outline) for c in DISTRICT.communities)
    assert parts == pytest.approx(76.94, rel=0.02)


def test_every_crossing_can_be_reached():
    graph = motion.streets(DISTRICT)
    seen, todo = {0}, [0]
    while todo:
        for there, _ in graph.beside[todo.pop()]:
            if there not in seen:
                seen.add(there)
                todo.append(there)
    assert len(seen) == len(DISTRICT.nodes)


def test_everything_lies_inside_and_near_a_street():
    graph = motion.streets(DISTRICT)
    for place in DISTRICT.gazetteer:
        assert DISTRICT.bounds.contains(place.at.lat, place.at.lon)
        assert distance_m(place.at, graph.nodes[graph.nearest(place.at)]) < 250
        assert place.community in {c.name for c in DISTRICT.communities}
        assert place.address.startswith("临溪镇")
    for point in DISTRICT.points:
        assert point.at in DISTRICT.nodes


def broken(**changes: Any) -> str:
    return json.dumps(json.loads(shipped_district_json()) | changes)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "lacks 'nodes'"),
        ("[]", "malformed"),
        ("no json", "malformed"),
        (broken(centre=[95, 0]), "off the globe"),
        (broken(roads=[{"name": "x", "class": "main", "nodes": [0, 10**6]}]), "unknown nodes"),
        (broken(roads=[{"name": "x", "class": "canal", "nodes": [0, 1]}]), "unknown class"),
        (broken(shapes=[{"name": "x", "kind": "sea", "outline": [], "width_m": 0}]), "kind"),
    ],
)
def test_a_broken_file_is_named(text: str, why: str):
    with pytest.raises(BadDistrict, match=why):
        parse(text)
