"""Several cases and several units at once: danger first, the rest by the least sum."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.domain.assignment import Candidate
from server.domain.errors import Conflict
from server.domain.geo import Place
from server.domain.roles import Actor
from server.office import Office
from server.services import dispatch, reading, review, waiting
from server.services.matching import Wanting, match
from triage.taxonomy import Route

GRAVE = 60


def wanting(case_id: str, danger: int, scores: dict[str, float]) -> Wanting:
    ranked = sorted(scores.items(), key=lambda pair: (pair[1], pair[0]))
    found = tuple(
        Candidate(unit_id=unit_id, name=unit_id, eta_s=s, distance_m=None, score_s=s, reasons=())
        for unit_id, s in ranked
    )
    return Wanting(case_id, danger, found)


def pairs(*waiting: Wanting) -> dict[str, str]:
    return {case_id: c.unit_id for case_id, c in match(waiting, danger_from=GRAVE)}


def test_the_sum_decides_among_mild_cases() -> None:
    one = wanting("one", 5, {"a": 100, "b": 110})
    two = wanting("two", 3, {"a": 120, "b": 900})
    assert pairs(one, two) == {"one": "b", "two": "a"}


def test_danger_takes_the_best_unit_whatever_it_costs_the_others() -> None:
    knife = wanting("knife", 90, {"a": 100, "b": 110})
    leak = wanting("leak", 3, {"a": 120, "b": 9000})
    assert pairs(leak, knife) == {"knife": "a", "leak": "b"}
    worse = wanting("worse", 95, {"a": 130, "b": 140})
    assert pairs(knife, worse) == {"worse": "a", "knife": "b"}


def test_with_too_few_units_the_first_in_line_get_them() -> None:
    line = [wanting(f"c{n}", 0, {"a": 100 - n, "b": 200 - n}) for n in range(5)]
    assert set(pairs(*line)) == {"c0", "c1"}
    barred = wanting("barred", 0, {})
    assert set(pairs(barred, *line)) == {"c0", "c1"}


def test_a_unit_that_may_not_go_is_never_sent() -> None:
    one = wanting("one", 0, {"a": 10})
    two = wanting("two", 0, {"a": 10})
    three = wanting("three", 0, {"b": 10})
    found = pairs(one, two, three)
    assert found.get("three", "b") == "b"
    assert list(found.values()).count("a") == 1
    assert match([], danger_from=GRAVE) == []


def test_no_other_pairing_is_cheaper() -> None:
    dice = random.Random(3)
    for _ in range(50):
        units = [f"u{n}" for n in range(4)]
        scores = [{u: dice.uniform(60, 900) for u in units} for _ in range(4)]
        found = match([wanting(str(n), 0, s) for n, s in enumerate(scores)], danger_from=GRAVE)
        total = sum(c.score_s for _, c in found)
        least = min(
            sum(scores[n][u] for n, u in enumerate(order))
            for order in itertools.permutations(units)
        )
        assert total == pytest.approx(least)


@pytest.fixture
def queue(street: Office, file, dispatcher: Actor, with_settings) -> tuple[str, str]:
    """Two mild cases that wait: one between near and middle, one beyond near."""
    held = with_settings(dispatch={"mode": "suggest"})
    places = (Place(30.42 + 800 / 111_195, 120.30), Place(30.42, 120.30))
    made = []
    for place in places:
        case_id = file(office=held, place=place).answer["case"]["id"]
        if reading.case(held, case_id, dispatcher).route != Route.MEDIATE:
            review.decide_route(held, case_id, Route.MEDIATE, actor=dispatcher)
        assert reading.case(held, case_id, dispatcher).assignment is None
        made.append(case_id)
    return made[0], made[1]


def test_waiting_cases_are_given_together(street: Office, queue, dispatcher: Actor) -> None:
    """The first would take the nearest unit alone; together it leaves it to the second."""
    assert waiting.assign_waiting(street) == 2
    given = [reading.case(street, case_id, dispatcher).assignment for case_id in queue]
    assert [one.unit_id for one in given if one is not None] == ["middle", "near"]
    assert waiting.assign_waiting(street) == 0


def test_many_sweeps_and_people_at_once_give_each_case_once(
    street: Office, queue, dispatcher: Actor
) -> None:
    def by_hand(case_id: str) -> int:
        try:
            dispatch.assign(street, case_id, None, dispatcher)
        except Conflict:
            return 0  # a sweep or the other hand was faster
        return 1

    with ThreadPoolExecutor(6) as pool:
        sweeps = [pool.submit(waiting.assign_waiting, street) for _ in range(3)]
        hands = [pool.submit(by_hand, case_id) for case_id in queue]
        given = sum(done.result() for done in (*sweeps, *hands))
    given += waiting.assign_waiting(street)  # what two hands wanted at once waits one round
    assert given == 2
    units = {a.unit_id for c in queue if (a := reading.case(street, c, dispatcher).assignment)}
    assert len(units) == 2
