"""How long ranking 1,000 units takes, and what a naive peer needs: median of many.

Run by hand: ``python benchmarks/candidates.py [--units 1000] [--rounds 200] [--seed 7]``. The peer
does what is often seen: it asks a great-circle distance of each unit by the law of cosines, sorts
by it, and knows neither age of fixes nor load, skill, nor reasons. Prints one JSON object, in
milliseconds; rounds of both alternate, so that a busy machine is unfair to neither.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from server.domain.assignment import Need, RankRule, rank
from server.domain.geo import Place
from server.domain.unit import LivePosition, Traits, Unit

SCENE = Place(30.42, 120.30)
NOW = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
NEED = Need("dispute.leak", "龙坝社区", joint=True, danger=70, familiar=frozenset({"u7", "u70"}))


def made_up(count: int, seed: int) -> list[Unit]:
    """All on duty and free, strewn over 10 km, most with a live position, some old or doubted."""
    dice = random.Random(seed)

    def spot() -> Place:
        return Place(SCENE.lat + dice.uniform(-0.05, 0.05), SCENE.lon + dice.uniform(-0.05, 0.05))

    units = []
    for number in range(count):
        fix = None
        if dice.random() < 0.9:
            age = timedelta(seconds=dice.expovariate(1 / 60))
            doubt = ("jump",) if dice.random() < 0.05 else ()
            fix = LivePosition(spot(), NOW - age, dice.uniform(3, 80), doubt)
        units.append(
            Unit(
                id=f"u{number}",
                name=f"u{number}",
                point="顺达",
                point_place=spot(),
                on_duty=True,
                open_cases=0,
                served_24h=dice.randrange(4),
                speed_kmh=22,
                position=fix,
                members=dice.choice([1, 2]),
                traits=Traits(frozenset({"dispute.leak"}), frozenset({"龙坝社区"}), veteran=True)
                if dice.random() < 0.2
                else Traits(),
            )
        )
    return units


def naive(units: Sequence[Unit]) -> list[tuple[float, str]]:
    """Distance only, by the law of cosines; no reasons."""
    lat, lon = math.radians(SCENE.lat), math.radians(SCENE.lon)
    found = []
    for unit in units:
        place = unit.position.place if unit.position else unit.point_place
        a, b = math.radians(place.lat), math.radians(place.lon)
        cosine = math.sin(lat) * math.sin(a) + math.cos(lat) * math.cos(a) * math.cos(lon - b)
        found.append((6_371_008.8 * math.acos(min(1.0, cosine)), unit.id))
    return sorted(found)


def timed(act: Callable[[], object]) -> float:
    """Milliseconds of this thread's own computing, so that neighbours on the machine count less."""
    begun = time.thread_time()
    act()
    return (time.thread_time() - begun) * 1000


def run(count: int, rounds: int, seed: int) -> dict[str, object]:
    units = made_up(count, seed)
    ours, peer = [], []
    for _ in range(rounds):
        ours.append(timed(lambda: rank(SCENE, units, now=NOW, rule=RankRule(), need=NEED)))
        peer.append(timed(lambda: naive(units)))
    return {
        "units": count,
        "rounds": rounds,
        "rank_ms": {"p50": round(statistics.median(ours), 2), "least": round(min(ours), 2)},
        "naive_ms": {"p50": round(statistics.median(peer), 2), "least": round(min(peer), 2)},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    said = parser.parse_args()
    print(json.dumps(run(said.units, said.rounds, said.seed)))
