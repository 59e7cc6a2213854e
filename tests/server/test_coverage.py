"""Reach, expected demand and the choice of posts, by rules that can be checked by hand."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path

import pytest

from edge.district import Point
from edge.shipped import shipped_district
from server.domain.coverage import Demand, Post, TravelRule, cover, coverage, reached_weight
from server.domain.demand import expected, inside, residents
from server.domain.errors import Invalid
from server.domain.geo import Place, distance_m
from server.services.siting import best_posts, expected_posts, expected_weight, fewest_posts

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "dispatch.json").read_text("utf-8"))
JEMSS = GOLDEN["mclp_jemss"]
HERE = Place(30.42, 120.30)
RULE = TravelRule(speed_kmh=20, detour=1.3, leaving_s=120)


def north(metres: float) -> Place:
    return Place(HERE.lat + metres / 111_195.08, HERE.lon)


def sets(matrix: list[list[int]]) -> tuple[frozenset[int], ...]:
    """The golden vector's cover, one row per site."""
    return tuple(frozenset(n for n, reached in enumerate(row) if reached) for row in matrix)


def some_town(seed: int, demand: int = 30, sites: int = 9) -> tuple[list[float], tuple]:
    dice = random.Random(seed)
    reached = (frozenset(dice.sample(range(demand), dice.randint(2, 9))) for _ in range(sites))
    return [dice.randint(1, 9) for _ in range(demand)], tuple(reached)


def test_reach_is_what_the_ride_leaves_of_the_limit() -> None:
    assert RULE.reach_m(480) == pytest.approx(360 / 3.6 * 20 / 1.3)
    assert RULE.seconds(RULE.reach_m(480)) == pytest.approx(480)
    assert RULE.reach_m(100) == 0


@pytest.mark.parametrize(("metres", "reached"), [(0, True), (1530, True), (1545, False)])
def test_a_place_is_reached_up_to_1538_m(metres: float, reached: bool) -> None:
    found = cover([Demand(north(metres), 1)], [Post("p", HERE)], RULE, 480)
    assert bool(found[0]) is reached


def test_the_cheap_check_by_latitude_changes_nothing() -> None:
    dice = random.Random(5)
    demand = [
        Demand(Place(dice.uniform(30.37, 30.47), dice.uniform(120.23, 120.37)), 1)
        for _ in range(500)
    ]
    slow = {n for n, d in enumerate(demand) if distance_m(d.place, HERE) <= RULE.reach_m(480)}
    assert cover(demand, [Post("p", HERE)], RULE, 480) == (slow,)
    assert 10 < len(slow) < 490


def test_shares_in_all_and_by_post() -> None:
    demand = [Demand(HERE, 2), Demand(north(1500), 3), Demand(north(9000), 5)]
    seen = coverage(demand, [Post("a", HERE), Post("b", north(2900))], RULE, 480)
    assert seen.share == 0.5
    assert [(p.post.name, p.share, p.only_share) for p in seen.posts] == [
        ("a", 0.5, 0.2),
        ("b", 0.3, 0.0),
    ]
    assert coverage([], [Post("a", HERE)], RULE, 480).share == 0


def test_no_posts_reach_nothing() -> None:
    assert coverage([Demand(HERE, 1)], [], RULE, 480).share == 0


@pytest.mark.parametrize("count", JEMSS["best"])
def test_the_golden_vector_exactly(count: str) -> None:
    """``mclp_jemss`` of the JEMSS package's tests."""
    chosen, weight = JEMSS["best"][count]
    choice = best_posts(JEMSS["demand"], sets(JEMSS["cover"]), int(count))
    assert choice.sites == tuple(site for site, taken in enumerate(chosen) if taken)
    assert (choice.weight, choice.gap) == (weight, 0)


@pytest.mark.parametrize("seed", range(8))
def test_the_best_posts_are_best_of_all_choices(seed: int) -> None:
    weights, town = some_town(seed)
    for count in (1, 3, 5):
        every = itertools.combinations(range(len(town)), count)
        most = max(reached_weight(weights, [town[s] for s in sites]) for sites in every)
        choice = best_posts(weights, town, count)
        assert (choice.weight, len(choice.sites)) == (most, count)


@pytest.mark.parametrize("seed", range(8))
def test_the_fewest_posts_are_fewest(seed: int) -> None:
    weights, town = some_town(seed)
    share = 0.8 * reached_weight(weights, town) / sum(weights)
    choice = fewest_posts(weights, town, share)
    assert choice.weight >= share * sum(weights) - 1e-9
    fewer = best_posts(weights, town, len(choice.sites) - 1)
    assert fewer.weight < share * sum(weights)
    assert choice.weight == best_posts(weights, town, len(choice.sites)).weight


def test_everything_that_can_be_reached_may_be_asked_for() -> None:
    weights, town = some_town(3)
    most = reached_weight(weights, town) / sum(weights)
    assert fewest_posts(weights, town, most).weight == pytest.approx(most * sum(weights))
    with pytest.raises(Invalid, match="ask for less"):
        fewest_posts(weights, town, min(1.0, most + 0.01) if most < 1 else 1.01)


def test_posts_that_are_kept_stay() -> None:
    choice = best_posts(JEMSS["demand"], sets(JEMSS["cover"]), 2, keep=[0])
    assert choice.sites[0] == 0
    assert choice.weight == 5
    assert 0 in fewest_posts(JEMSS["demand"], sets(JEMSS["cover"]), 0.8, keep=[0]).sites


@pytest.mark.parametrize("count", [0, 4])
def test_more_posts_than_places_are_refused(count: int) -> None:
    with pytest.raises(Invalid, match="between 1 and 3"):
        best_posts(JEMSS["demand"], sets(JEMSS["cover"]), count)


def test_a_solver_out_of_time_says_how_much_more_there_may_be() -> None:
    """Sites strewn at random are the hardest; half a second is not enough for a proof."""
    dice = random.Random(1)
    weights = [dice.randint(1, 9) for _ in range(600)]
    town = tuple(frozenset(dice.sample(range(600), 60)) for _ in range(80))
    choice = best_posts(weights, town, 12, time_limit_s=0.5)
    assert len(choice.sites) == 12
    assert 0 < choice.gap <= sum(weights) / choice.weight - 1 + 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_expected_cover_is_best_of_all_choices(seed: int) -> None:
    """MEXCLP, where a place may get several units."""
    weights, town = some_town(seed, demand=12, sites=5)
    every = itertools.combinations_with_replacement(range(5), 3)
    most = max(expected_weight(weights, town, sites, 0.4) for sites in every)
    choice = expected_posts(weights, town, 3, busy=0.4)
    assert choice.weight == pytest.approx(most)
    assert len(choice.sites) == 3


def test_units_that_are_never_busy_make_expected_cover_plain() -> None:
    weights, town = some_town(1)
    assert expected_posts(weights, town, 3, busy=0).weight == best_posts(weights, town, 3).weight


def test_imagined_cases_fade_as_cases_come() -> None:
    homes = [Demand(HERE, 30.0), Demand(north(2000), 10.0), Demand(north(4000), 0.0)]
    few = expected([north(9000)], homes, prior_cases=4)
    assert [point.weight for point in few] == [1, 3, 1]
    many = expected([north(9000)] * 96, homes, prior_cases=4)
    assert sum(p.weight for p in many if p.place != north(9000)) / 100 == pytest.approx(0.04)
    assert expected([HERE], []) == (Demand(HERE, 1),)


def test_residents_are_all_people_where_they_live() -> None:
    district = shipped_district()
    homes = residents(district)
    people = sum(community.population for community in district.communities)
    assert sum(home.weight for home in homes) == pytest.approx(people)
    assert len(homes) > 1000


def test_inside_an_outline_with_a_bay() -> None:
    corners = [(0, 0), (0, 4), (4, 4), (4, 0), (2, 2)]
    outline = [Point(lat, lon) for lat, lon in corners]
    assert inside(Point(1, 3), outline)
    assert inside(Point(0.5, 0.6), outline)
    assert not inside(Point(2, 1), outline)
    assert not inside(Point(5, 1), outline)
    assert not inside(Point(0, 0), [])
