"""Posts by exchange, the plan of who is reached, and what a solver without time answers."""

from __future__ import annotations

import random

import pytest

from edge.shipped import shipped_district
from server.domain.coverage import Demand, Post, TravelRule, coverage, reached_weight
from server.domain.demand import expected, residents
from server.domain.geo import Place
from server.domain.reach_map import frame_of, plan_of
from server.services.siting import best_posts
from server.services.swapping import swapped_posts

RULE = TravelRule(22)


def made_up(seed: int) -> tuple[list[float], tuple[frozenset[int], ...]]:
    drawn = random.Random(seed)
    weights = [drawn.uniform(0.1, 2) for _ in range(60)]
    return weights, tuple(frozenset(drawn.sample(range(60), 9)) for _ in range(20))


@pytest.mark.parametrize("seed", range(10))
def test_exchange_comes_near_the_best_choice(seed: int) -> None:
    weights, cover = made_up(seed)
    found = swapped_posts(weights, cover, 5)
    assert found == tuple(sorted(set(found)))
    assert len(found) == 5
    best = best_posts(weights, cover, 5)
    assert best.gap == 0
    got = reached_weight(weights, [cover[site] for site in found])
    assert 0.95 * best.weight <= got <= best.weight + 1e-9


def test_kept_posts_stay() -> None:
    weights, cover = made_up(3)
    poor = min(range(20), key=lambda site: reached_weight(weights, [cover[site]]))
    assert poor in swapped_posts(weights, cover, 4, keep=(poor,))
    assert swapped_posts(weights, cover, 1, keep=(poor,)) == (poor,)


def test_without_time_the_solver_gives_a_good_choice_and_says_it_is_not_proven() -> None:
    weights, cover = made_up(1)
    hurried = best_posts(weights, cover, 5, time_limit_s=0.0)
    got = reached_weight(weights, [cover[site] for site in swapped_posts(weights, cover, 5)])
    assert hurried.weight >= got - 1e-9
    exact = best_posts(weights, cover, 5)
    assert hurried.weight * (1 + hurried.gap) >= exact.weight - 1e-9


def test_the_plan_agrees_with_the_figure() -> None:
    district = shipped_district()
    demand = expected([], residents(district))
    posts = [Post(p.name, Place(p.at.lat, p.at.lon)) for p in district.points]
    plan = plan_of(district, demand, posts, RULE, 480)
    share = coverage(demand, posts, RULE, 480).share
    assert sum(cell.share for cell in plan.cells) == pytest.approx(1)
    assert sum(cell.share * cell.reached for cell in plan.cells) == pytest.approx(share)
    assert all(0 <= cell.x <= 1 and 0 <= cell.y <= plan.height for cell in plan.cells)
    assert [name for name, _, _ in plan.posts] == [post.name for post in posts]
    assert plan.reach == pytest.approx(RULE.reach_m(480) * frame_of(district.bounds).metre)


def test_a_plan_without_posts_or_demand_is_a_plan() -> None:
    district = shipped_district()
    assert plan_of(district, [], [], RULE, 480).cells == ()
    middle = Place(district.centre.lat, district.centre.lon)
    lonely = plan_of(district, [Demand(middle, 2.0)], [], RULE, 480)
    assert [(cell.share, cell.reached) for cell in lonely.cells] == [(1.0, 0.0)]
