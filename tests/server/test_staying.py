"""Units that stay where their last case ended, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.domain.geo import distance_m
from server.domain.roles import Actor
from server.office import Office
from server.services.posts import posts_at
from server.store import units
from server.store.engine import reading, writing


@pytest.fixture
def staying(street: Office) -> Office:
    duty = street.settings.duty.model_copy(update={"after_case": "stay"})
    return replace(street, settings=street.settings.model_copy(update={"duty": duty}))


def unit_of(office: Office, name: str, *, stay: bool) -> units.Unit:
    with reading(office.engine) as conn:
        found = units.for_ranking(conn, office.clock(), stay=stay)
    return next(unit for unit in found if unit.id == name)


def test_who_closed_a_case_is_taken_to_be_there(
    staying: Office, clock, file, open_dispute, close_case, dispatcher: Actor
) -> None:
    case_id = open_dispute(staying, file, dispatcher)
    post = unit_of(staying, "near", stay=True)
    assert not post.stays, "no case closed yet"
    close_case(staying, case_id, dispatcher)
    clock.forward(1)
    after, at_post = (unit_of(staying, "near", stay=stay) for stay in (True, False))
    assert after.stays
    assert at_post.point_place == post.point_place
    assert 500 < distance_m(after.point_place, at_post.point_place) < 600
    answer = file(office=staying).answer
    with reading(staying.engine) as conn:
        running = units.running_cases(conn)
    assert running["near"].case_id == answer["case"]["id"]
    [said] = [r["text"] for r in answer["case"]["assignment"]["reasons"] if "现场估算" in r["text"]]
    assert said == "没有定位，按上一现场估算"


def test_posts_follow_those_who_stay_and_a_new_duty_begins_at_the_post(
    staying: Office, clock, file, open_dispute, close_case, dispatcher: Actor
) -> None:
    close_case(staying, open_dispute(staying, file, dispatcher), dispatcher)
    clock.forward(1)
    assert [post.name for post in posts_at(staying)] == ["顺达", "顺达", "near（原地）"]
    returning = replace(
        staying,
        settings=staying.settings.model_copy(
            update={"duty": staying.settings.duty.model_copy(update={"after_case": "return"})}
        ),
    )
    assert [post.name for post in posts_at(returning)] == ["顺达"] * 3
    with writing(staying.engine) as conn:
        units.end_duty(conn, "near", at=clock())
        units.add_duty(conn, "near", start=clock(), end=None)
    clock.forward(1)
    assert not unit_of(staying, "near", stay=True).stays
