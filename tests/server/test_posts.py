"""Proposals from the store's cases, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from edge.district import District
from server.domain.case import MEDIATED_ROUTES
from server.domain.coverage import TravelRule
from server.domain.demand import PRIOR_CASES
from server.domain.errors import Invalid
from server.domain.geo import Place
from server.domain.hours import Hours
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor
from server.office import Office
from server.services import intake as intake_service
from server.services import review, roster
from server.services.posts import (
    PAST,
    Wish,
    expected_demand,
    posts_at,
    propose,
    reach_by_hours,
    travel_rule,
)
from server.store import units
from server.store.engine import reading, writing
from server.store.tables import reports
from triage.taxonomy import Label

SCENE = Place(30.42, 120.30)
RULE = TravelRule(speed_kmh=20)


@pytest.fixture
def small(office: Office) -> Office:
    """The same district with every sixth named place, so that choosing takes no time."""
    full: District = office.district
    return replace(office, district=replace(full, gazetteer=full.gazetteer[::6]))


def test_the_settings_say_how_people_travel(office: Office) -> None:
    assert travel_rule(office) == TravelRule(22, 1.3, 120)
    assert travel_rule(office, 30).speed_kmh == 30


def test_posts_are_where_units_on_duty_wait(street: Office, clock, admin: Actor) -> None:
    """Three units at three places of the same name; nobody on duty falls back to the points."""
    assert [post.name for post in posts_at(street)] == ["顺达"] * 3
    spare = Place(30.41, 120.29)
    roster.add_unit(
        street, "twin", name="twin", point="康乐", place=spare, actor=admin, on_duty=False
    )
    assert len(posts_at(street)) == 3


def test_without_duty_the_points_of_the_district_count(office: Office) -> None:
    assert [p.name for p in posts_at(office)] == [p.name for p in office.district.points]


def test_demand_is_mediated_cases_of_ninety_days(
    street: Office, file, clock, dispatcher: Actor
) -> None:
    def settle(**changes: object) -> None:
        answer = file(**changes).answer
        if answer["route"] not in {"mediate", "joint"}:
            review.correct(street, answer["report"]["id"], label=Label.DISPUTE, actor=dispatcher)

    settle()
    settle(place=Place(31.9, 121.9))
    settle(place=None, address=None)
    clock.forward(1)
    heard, demand = expected_demand(street)
    assert (heard.cases, heard.outside, heard.without_place) == (1, 1, 1)
    assert demand[0].place == SCENE
    assert sum(point.weight for point in demand) == pytest.approx(101)
    clock.forward(PAST.total_seconds() + 1)
    assert expected_demand(street)[0].cases == 0


def test_hours_have_their_own_cases_and_roster(
    office: Office, clock, intake: Actor, admin: Actor
) -> None:
    """22:00 and 03:00 by the street's clock; one unit works by day, one from the evening on."""
    zone = ZoneInfo(office.settings.district.time_zone)
    midnight = (clock() - timedelta(days=2)).astimezone(zone).replace(hour=0, minute=0, second=0)
    for number, hour in enumerate((22, 3, 14)):
        old = NewReport(
            source="export",
            source_id=f"H{number}",
            received_at=midnight + timedelta(hours=hour),
            text="报警人称楼上漏水把家里天花板泡坏了，与楼上业主协商赔偿不成，要求调解",
            place=SCENE,
            caller=Caller(name="李某某", phone=f"1000000000{number}"),
        )
        assert intake_service.take_history_many(office, [old], intake) == [True]
    night, day = Hours(20, 6), Hours(9, 18)
    found = {band: expected_demand(office, band)[0] for band in (night, day)}
    assert (found[night].cases, found[day].cases) == (2, 1)
    assert found[night].prior_cases == pytest.approx(PRIOR_CASES * 10 / 24)
    for name, band in (("late", night), ("early", day)):
        spot = Place(30.41, 120.29 if name == "late" else 120.31)
        roster.add_unit(office, name, name=name, point=name, place=spot, actor=admin, on_duty=False)
        middle = band.next_middle(clock().astimezone(zone))
        with writing(office.engine) as conn:
            hour = timedelta(hours=1)
            units.add_duty(conn, name, start=middle - hour, end=middle + hour)
    assert [post.name for post in posts_at(office, night)] == ["late"]
    assert [post.name for post in posts_at(office, day)] == ["early"]
    told = dict(reach_by_hours(office, rule=RULE, limit_s=480))
    assert [reach.heard.cases for reach in told.values()] == [1, 0, 1, 1]


def test_imported_history_counts_too(
    office: Office, clock: Callable[[], datetime], intake: Actor
) -> None:
    old = NewReport(
        source="export",
        source_id="E1",
        received_at=clock() - timedelta(days=3),
        text="报警人称楼上漏水把家里天花板泡坏了，与楼上业主协商赔偿不成，要求调解",
        place=SCENE,
        caller=Caller(name="李某某", phone="10000000001"),
    )
    assert intake_service.take_history_many(office, [old], intake) == [True]
    with reading(office.engine) as conn:
        route = conn.execute(select(reports.c.route)).scalar_one()
    assert route in MEDIATED_ROUTES
    assert expected_demand(office)[0].cases == 1


def test_more_posts_reach_more_and_the_figures_agree(small: Office) -> None:
    today = propose(small, Wish(), rule=RULE, limit_s=480)
    more = propose(small, Wish(count=7), rule=RULE, limit_s=480)
    assert today.today == more.today
    assert len(today.proposed.posts) == len(today.today.posts) == 4
    assert today.today.share <= today.proposed.share < more.proposed.share
    assert (more.gap, more.expected_share) == (0, None)


def test_today_stays_when_told_so(small: Office) -> None:
    made = propose(small, Wish(count=6, keep=True), rule=RULE, limit_s=480)
    names = {reach.post.name for reach in made.proposed.posts}
    assert {point.name for point in small.district.points} <= names


def test_a_share_is_reached_with_as_few_posts_as_can_be(small: Office) -> None:
    made = propose(small, Wish(share=0.75), rule=RULE, limit_s=480)
    assert made.proposed.share >= 0.75
    fewer = propose(small, Wish(count=len(made.proposed.posts) - 1), rule=RULE, limit_s=480)
    assert fewer.proposed.share < 0.75


def test_busy_units_share_a_post_before_they_reach_far(small: Office) -> None:
    made = propose(small, Wish(count=5, busy=0.5), rule=RULE, limit_s=480)
    assert made.expected_share is not None
    assert made.expected_share < made.proposed.share


@pytest.mark.parametrize(
    ("wish", "limit_s", "field"),
    [
        (Wish(count=3, share=0.5), 480, "posts"),
        (Wish(share=0.5, busy=0.1), 480, "busy"),
        (Wish(count=3), 120, "minutes"),
        (Wish(count=2, keep=True), 480, "posts"),
        (Wish(count=500), 480, "posts"),
        (Wish(share=1.0), 300, "share"),
    ],
)
def test_wishes_that_cannot_be(small: Office, wish: Wish, limit_s: float, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        propose(small, wish, rule=RULE, limit_s=limit_s)
    assert caught.value.field == field
