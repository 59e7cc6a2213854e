"""The simulated street: its rules one by one, and the shares it was built to show."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from edge.shipped import shipped_district
from server.domain.coverage import Demand, Post, TravelRule, coverage
from server.domain.demand import inside

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.street import scenarios
from benchmarks.street.ground import Ground
from benchmarks.street.policies import balanced, nearest, poisson_calls
from benchmarks.street.scenarios import LIMIT_S, Street, Volume, best, draw, interval
from benchmarks.street.simulation import Call, Offer, Outcome, Way, run

GROUND = Ground(shipped_district())
KM_A_MINUTE = TravelRule(speed_kmh=60, detour=1, leaving_s=120)
SEEDS = range(4)


def calls(*told: tuple[float, float, float]) -> list[Call]:
    """(minute, km east, minutes on scene)"""
    return [Call(60 * at, (east, 0.0), 60 * scene) for at, east, scene in told]


def minutes(outcome: Outcome) -> list[float]:
    return [response / 60 for response in outcome.response_s]


def go(told: list[Call], homes: list[float], **way: object) -> Outcome:
    way = {"travel": KM_A_MINUTE, "choose": nearest} | way
    return run(told, [(east, 0.0) for east in homes], Way(**way))  # type: ignore[arg-type]


def test_the_nearest_goes_and_leaves_after_two_minutes() -> None:
    outcome = go(calls((0, 3, 10), (1, 9, 10)), [0, 10])
    assert minutes(outcome) == pytest.approx([5, 3])
    assert outcome.served == [1, 1]


def test_a_call_waits_for_whoever_is_free_first() -> None:
    """Busy until 0+2+3+10; then 2 min to leave and 1 km to ride."""
    outcome = go(calls((0, 3, 10), (5, 4, 1)), [0])
    assert minutes(outcome) == pytest.approx([5, 10 + 3])
    assert (outcome.waited, outcome.waited_s) == (1, 600)
    assert outcome.queue_s == pytest.approx(600)


def test_calls_are_taken_in_order_of_arrival() -> None:
    outcome = go(calls((0, 0, 10), (1, 5, 10), (2, 0, 10)), [0])
    assert minutes(outcome) == pytest.approx([2, 11 + 7, 10 + 7 + 10 + 7])


def test_without_a_line_calls_are_lost() -> None:
    outcome = go(calls((0, 3, 10), (5, 4, 1)), [0], queues=False)
    assert (len(outcome.response_s), outcome.lost) == (1, 1)
    assert outcome.reached(600) == 0.5


def test_who_returns_is_met_on_the_way() -> None:
    """Free at 8 at km 6, on the way home; at 10 at km 4, which is 2 + 1 from km 3."""
    outcome = go(calls((0, 6, 0), (10, 3, 0)), [0])
    assert minutes(outcome) == pytest.approx([8, 3])
    assert minutes(go(calls((0, 6, 0), (60, 3, 0)), [0])) == pytest.approx([8, 5])


def test_who_stays_starts_where_the_last_case_ended() -> None:
    outcome = go(calls((0, 6, 0), (60, 5, 0)), [0], stays=True)
    assert minutes(outcome) == pytest.approx([8, 3])


def test_what_happens_while_warming_up_is_not_counted() -> None:
    told = calls((0, 1, 1), (60, 1, 1))
    outcome = run(told, [(0.0, 0.0)], Way(KM_A_MINUTE, nearest), warm_s=1800)
    assert len(outcome.response_s) == 1
    assert outcome.lasted_s == pytest.approx(1800)


def test_equals_are_chosen_by_load() -> None:
    offers = [Offer(0, 100, 2), Offer(1, 100, 1), Offer(2, 130, 0)]
    call = calls((0, 0, 0))[0]
    assert nearest(call, offers) == 0
    assert balanced(call, offers) == 1


def test_gini_of_all_on_one_and_of_equals() -> None:
    assert Outcome(served=[0, 0, 0, 8]).gini() == pytest.approx(0.75)
    assert Outcome(served=[2, 2, 2, 2]).gini() == pytest.approx(0)
    assert Outcome(served=[0, 0]).gini() == 0


def test_intervals_agree_with_the_table_of_students_t() -> None:
    values = [float(n) for n in range(30)]
    half = 2.0452 * np.std(values, ddof=1) / np.sqrt(30)
    assert interval(values).half == pytest.approx(half, rel=1e-3)


def test_calls_come_as_often_as_told_and_the_same_for_a_seed() -> None:
    rng = np.random.default_rng(1)
    made = poisson_calls(rng, np.zeros((20_000, 2)), per_s=0.01, scene_s=600)
    assert made[-1].at_s == pytest.approx(2_000_000, rel=0.03)
    assert np.mean([call.scene_s for call in made]) == pytest.approx(600, rel=0.03)
    assert draw(GROUND, Volume(days=3), 7) == draw(GROUND, Volume(days=3), 7)
    assert draw(GROUND, Volume(days=3), 7) != draw(GROUND, Volume(days=3), 8)


def test_the_ground_is_as_large_as_the_district() -> None:
    district = GROUND.district
    assert len(GROUND.lattice(0.2)) * 0.04 == pytest.approx(district.area_km2, rel=0.01)
    bounds = district.bounds
    rng = np.random.default_rng(2)
    spots = GROUND.even(rng, 500)
    ring = GROUND.plane(district.outline)
    assert (spots >= ring.min(axis=0)).all()
    assert (spots <= ring.max(axis=0)).all()
    assert inside(district.centre, district.outline)
    assert bounds.contains(district.centre.lat, district.centre.lon)


@lru_cache
def fine() -> tuple[Demand, ...]:
    return GROUND.lattice(0.2)


@lru_cache
def posts(count: int, speed_kmh: float = 20) -> tuple[Post, ...]:
    return best(GROUND, GROUND.lattice(0.4), count, speed_kmh=speed_kmh)


@lru_cache
def draws() -> list[list[Call]]:
    return [draw(GROUND, Volume(), seed) for seed in SEEDS]


def simulated(street: Street) -> float:
    return scenarios.measure(GROUND, street, fine(), draws()).reached.mean


@pytest.mark.parametrize(
    ("count", "chosen_at", "speed_kmh", "known"),
    [(4, 25, 20, 0.38), (4, 25, 25, 0.61), (12, 20, 20, 0.88), (16, 20, 20, 0.96)],
)
def test_what_posts_reach(count: int, chosen_at: float, speed_kmh: float, known: float) -> None:
    """Calls evenly over 77 km²; by geometry, and simulated with 20 units and 18 calls a day."""
    chosen = posts(count, chosen_at)
    reach = coverage(fine(), chosen, TravelRule(speed_kmh=speed_kmh), LIMIT_S).share
    assert reach == pytest.approx(known, abs=0.03)
    street = Street("", chosen, units=20, speed_kmh=speed_kmh)
    assert simulated(street) == pytest.approx(known, abs=0.03)


def test_what_staying_where_the_last_case_ended_reaches() -> None:
    """With 12 units; the share depends on how many there are."""
    twelve = simulated(Street("", posts(4, 25), units=12, stays=True))
    assert twelve == pytest.approx(0.69, abs=0.03)
    assert simulated(Street("", posts(4, 25), units=8, stays=True)) < twelve - 0.1


def test_more_people_at_the_same_four_points_change_little() -> None:
    few, many = (simulated(Street("", posts(4, 25), units=n)) for n in (8, 40))
    assert abs(few - many) < 0.02


def test_ties_by_load_spread_the_work() -> None:
    four = posts(4, 25)
    always, by_load = (
        scenarios.measure(GROUND, Street("", four, 20, by_load=rule), fine(), draws()).gini.mean
        for rule in (False, True)
    )
    assert always > 0.5
    assert by_load < 0.2
