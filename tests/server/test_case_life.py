"""Assignment, steps, clocks, closing and correction of cases, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from server.domain.case import Disposition, Step
from server.domain.errors import (
    AlreadyAssigned,
    CaseClosed,
    Conflict,
    Invalid,
    NotAllowed,
    OutOfOrder,
)
from server.domain.geo import Place
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import dispatch, figures, reading, review, roster, tracking, units
from server.sweep import Swept, sweep_once
from triage.taxonomy import Label, Route

SCENE = Place(30.42, 120.30)
ADMIN = Actor("admin", Role.ADMIN)


def open_case(office: Office, file, dispatcher: Actor) -> str:
    """A dispute on the way ``mediate``, whatever the model thought of it."""
    answer = file().answer
    report_id, case_id = answer["report"]["id"], answer["case"]["id"]
    if answer["route"] not in {"mediate", "joint"}:
        review.correct(office, report_id, label=Label.DISPUTE, actor=dispatcher)
    return case_id


def story(office: Office, case_id: str) -> list[str]:
    return [event.kind for event in reading.case(office, case_id, ADMIN).timeline]


def test_the_walk_from_assignment_to_closing(
    street: Office, file, beacon, clock, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_case(street, file, dispatcher)
    seen = reading.case(street, case_id, dispatcher)
    assert seen.assignment is not None
    assert seen.assignment.unit_id == "near"
    assert seen.assignment.reasons[0].text.startswith("距现场约")
    assert {d.step for d in seen.deadlines} == {
        "signed",
        "departed",
        "contacted",
        "arrived",
        "feedback",
        "closed",
    }
    post = lambda step, key: tracking.post_step(  # noqa: E731
        street, case_id, step, at=None, key=key, actor=mediator
    )
    clock.forward(20)
    assert post(Step.SIGNED, "k1").evidence.verdict == "verified"
    clock.forward(40)
    assert post(Step.DEPARTED, "k2").evidence.verdict == "pending"
    assert post(Step.CONTACTED, "k3").evidence.verdict == "claimed_only"
    clock.forward(120)
    for ago in (20, 10, 0):
        beacon("near", SCENE, ago_s=ago)
    assert post(Step.ARRIVED, "k4").evidence.verdict == "verified"
    assert reading.case(street, case_id, mediator).status == "on_scene"
    closed = tracking.close(
        street, case_id, disposition=Disposition.SETTLED_ON_SPOT, key="k5", actor=mediator
    )
    assert closed.status == "closed"
    assert {d.step: d.state for d in closed.deadlines}["arrived"] == "met"
    assert story(street, case_id)[-2:] == ["case_closed", "task_raised"]
    stats = figures.figures(
        street, ADMIN, since=clock() - timedelta(days=1), until=clock() + timedelta(seconds=1)
    )
    assert (stats.settled_on_spot, stats.on_spot_rate, stats.open_cases) == (1, 1.0, 0)
    assert {s.step: s.count for s in stats.steps}["arrived"] == 1


def test_a_key_makes_each_act_once(
    street: Office, file, clock, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_case(street, file, dispatcher)
    act = {"at": None, "actor": mediator}
    first = tracking.post_step(street, case_id, Step.SIGNED, key="k1", **act)
    clock.forward(5)
    assert tracking.post_step(street, case_id, Step.SIGNED, key="k1", **act) == first
    assert tracking.post_step(street, case_id, Step.SIGNED, key="other", **act) == first
    with pytest.raises(Invalid, match="was used for the step signed"):
        tracking.post_step(street, case_id, Step.ARRIVED, key="k1", **act)
    assert story(street, case_id).count("step_posted") == 1


def test_closing_twice_with_one_key_is_one_closing(street: Office, file, dispatcher: Actor) -> None:
    case_id = open_case(street, file, dispatcher)
    close = lambda key: tracking.close(  # noqa: E731
        street, case_id, disposition=Disposition.WITHDRAWN, key=key, actor=dispatcher
    )
    assert close("c1") == close("c1")
    with pytest.raises(CaseClosed):
        close("c2")
    with pytest.raises(CaseClosed):
        dispatch.assign(street, case_id, "far", dispatcher)


def test_steps_out_of_order_and_from_strangers_are_refused(
    street: Office, file, clock, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_case(street, file, dispatcher)
    with pytest.raises(OutOfOrder):
        tracking.post_step(street, case_id, Step.ARRIVED, at=None, key="a", actor=mediator)
    stranger = Actor("far-one", Role.MEDIATOR, "far")
    with pytest.raises(NotAllowed):
        tracking.post_step(street, case_id, Step.SIGNED, at=None, key="b", actor=stranger)
    with pytest.raises(NotAllowed):
        reading.case(street, case_id, stranger)
    dispatch.assign(street, case_id, "far", dispatcher, instead_of="near")
    with pytest.raises(AlreadyAssigned) as error:
        tracking.post_step(street, case_id, Step.SIGNED, at=None, key="b", actor=mediator)
    assert error.value.winner == "far"
    later = clock() + timedelta(hours=1)
    with pytest.raises(Invalid, match="clock of the phone"):
        tracking.post_step(street, case_id, Step.SIGNED, at=later, key="c", actor=stranger)


def test_one_winner_among_many(street: Office, file, dispatcher: Actor, with_settings) -> None:
    case_id = open_case(street, file, dispatcher)
    running = reading.case(street, case_id, dispatcher).assignment
    assert running is not None
    with pytest.raises(AlreadyAssigned):
        dispatch.assign(street, case_id, "far", dispatcher)
    moved = dispatch.assign(street, case_id, "far", dispatcher, instead_of="near")
    assert moved.assignment is not None
    assert moved.assignment.unit_id == "far"


def test_many_dispatchers_at_once_give_one_assignment(
    street: Office, file, dispatcher: Actor, with_settings
) -> None:
    waiting = with_settings(dispatch={"mode": "suggest"})
    answer = file().answer
    case_id = answer["case"]["id"]
    running = answer["case"]["assignment"]
    if running is not None:
        review.decide_route(street, case_id, Route.REVIEW, actor=dispatcher)
    if reading.case(street, case_id, dispatcher).route != "mediate":
        review.decide_route(waiting, case_id, Route.MEDIATE, actor=dispatcher)

    def attempt(_: int) -> str:
        try:
            dispatch.assign(waiting, case_id, None, dispatcher)
        except AlreadyAssigned as error:
            return f"lost to {error.winner}"
        return "won"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(8)))
    assert results.count("won") == 1
    assert len({r for r in results if r != "won"}) == 1


def test_unsigned_goes_to_the_next_once(street: Office, file, clock, dispatcher: Actor) -> None:
    case_id = open_case(street, file, dispatcher)
    clock.forward(46)
    assert sweep_once(street).warned == 1
    assert sweep_once(street) == Swept()
    clock.forward(15)
    assert sweep_once(street).missed == 1
    seen = reading.case(street, case_id, dispatcher)
    assert seen.assignment is not None
    assert seen.assignment.unit_id == "middle"
    assert story(street, case_id).count("deadline_missed") == 1
    assert {d.step: d.state for d in seen.deadlines}["signed"] == "running"
    assert sweep_once(street) == Swept()


def test_the_last_candidate_keeps_the_case(street: Office, file, clock, dispatcher: Actor) -> None:
    case_id = open_case(street, file, dispatcher)
    for _ in range(4):
        clock.forward(61)
        sweep_once(street)
    seen = reading.case(street, case_id, dispatcher)
    assert seen.assignment is not None
    assert seen.assignment.unit_id == "far"
    assert story(street, case_id).count("no_candidate") == 1


def test_a_case_waits_until_a_unit_is_free(street: Office, file, dispatcher: Actor) -> None:
    first = [open_case(street, file, dispatcher) for _ in range(3)]
    waiting = open_case(street, file, dispatcher)
    assert reading.case(street, waiting, dispatcher).assignment is None
    assert sweep_once(street).assigned == 0
    tracking.close(street, first[0], disposition=Disposition.INVALID, key="x", actor=dispatcher)
    assert sweep_once(street).assigned == 1
    assert reading.case(street, waiting, dispatcher).status == "assigned"


def test_late_telemetry_changes_a_verdict_by_a_new_event(
    street: Office, file, beacon, clock, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_case(street, file, dispatcher)
    for step in (Step.SIGNED, Step.ARRIVED):
        tracking.post_step(street, case_id, step, at=None, key=step.value, actor=mediator)
    clock.forward(300)
    sweep_once(street)
    steps = {s.step: s.evidence for s in reading.case(street, case_id, dispatcher).steps}
    assert (steps["arrived"].verdict, steps["arrived"].why) == ("claimed_only", "定位缺失")
    for ago in (310, 300, 290):
        beacon("near", Place(30.44, 120.30), ago_s=ago, doubt=["stale", "out_of_order"])
    assert sweep_once(street).verdicts == 1
    steps = {s.step: s.evidence for s in reading.case(street, case_id, dispatcher).steps}
    assert (steps["arrived"].verdict, steps["arrived"].why) == ("contradicted", "距现场2.2公里")
    assert story(street, case_id).count("evidence_changed") == 2


def test_a_correction_to_police_calls_the_unit_back(
    street: Office, file, dispatcher: Actor
) -> None:
    case_id = open_case(street, file, dispatcher)
    report_id = reading.case(street, case_id, dispatcher).report_ids[0]
    seen = review.correct(
        street, report_id, label=Label.POLICE, category="police.assault", actor=dispatcher
    )
    assert (seen.label, seen.route) == ("police", "police")
    case = reading.case(street, case_id, dispatcher)
    assert (case.status, case.route, case.assignment) == ("open", "police", None)
    assert reading.report(street, report_id, dispatcher).assessment is not None


def test_a_correction_checks_its_category(street: Office, file, dispatcher: Actor) -> None:
    report_id = file().answer["report"]["id"]
    for category in ("dispute.nonsense", "police.theft"):
        with pytest.raises(Invalid):
            review.correct(
                street, report_id, label=Label.DISPUTE, category=category, actor=dispatcher
            )


def test_a_confidential_case_stays_where_it_is(street: Office, file, dispatcher: Actor) -> None:
    answer = file(confidential=True).answer
    case_id, report_id = answer["case"]["id"], answer["report"]["id"]
    review.correct(street, report_id, label=Label.DISPUTE, actor=dispatcher)
    assert reading.case(street, case_id, dispatcher).route == answer["route"]
    with pytest.raises(Conflict, match="confidential"):
        dispatch.assign(street, case_id, "near", dispatcher)
    with pytest.raises(Conflict, match="confidential"):
        review.decide_route(street, case_id, Route.MEDIATE, actor=dispatcher)


def test_clear_caller_data_only_for_those_who_need_it(
    street: Office, file, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_case(street, file, dispatcher)
    report_id = reading.case(street, case_id, dispatcher).report_ids[0]
    phones = {
        actor.role: reading.report(street, report_id, actor).caller.phone
        for actor in (dispatcher, mediator, ADMIN, Actor("dudao", Role.SUPERVISOR))
    }
    assert phones[Role.DISPATCHER] == phones[Role.MEDIATOR]
    assert "*" not in phones[Role.DISPATCHER]
    assert "****" in phones[Role.ADMIN]
    assert "****" in phones[Role.SUPERVISOR]
    with pytest.raises(NotAllowed):
        reading.report(street, report_id, Actor("far-one", Role.MEDIATOR, "far"))


def test_pages_go_on_where_they_ended(street: Office, file, clock, dispatcher: Actor) -> None:
    made = []
    for _ in range(5):
        made.append(file().answer["report"]["id"])
        clock.forward(1)
    first = reading.report_page(street, dispatcher, limit=3)
    rest = reading.report_page(street, dispatcher, limit=3, after=first.next)
    assert [r.id for r in (*first.items, *rest.items)] == made[::-1]
    assert rest.next is None
    with pytest.raises(Invalid) as error:
        reading.report_page(street, dispatcher, after="nonsense!")
    assert error.value.field == "after"


def test_search_finds_two_character_words(street: Office, file, dispatcher: Actor) -> None:
    wanted = file("广场舞音响太响，噪音扰民，劝了不听").answer["report"]["id"]
    file("楼上漏水")
    found = reading.report_page(street, dispatcher, q="噪音")
    assert [r.id for r in found.items] == [wanted]
    assert reading.report_page(street, dispatcher, q="100%_").items == ()


def test_units_show_position_age_and_state(
    street: Office, file, beacon, clock, dispatcher: Actor, mediator: Actor
) -> None:
    beacon("near", SCENE)
    clock.forward(90)
    beacon("near", Place(30.5, 120.3), ago_s=200)  # late: must not move the live state back
    seen = {u.id: u for u in units.unit_views(street, dispatcher)}
    assert seen["near"].position is not None
    assert seen["near"].position.lat == pytest.approx(SCENE.lat)
    assert seen["near"].position.age_s == 90
    assert seen["far"].position is None
    assert {u.id: u.devices for u in units.unit_views(street, mediator)}["far"] == ()
    roster.end_duty(street, "far", actor=ADMIN)
    assert {u.id: u.status for u in units.unit_views(street, dispatcher)}["far"] == "off"


def test_signing_at_the_moment_the_sweep_hands_on_ends_in_one_of_both(
    street: Office, file, clock, dispatcher: Actor, mediator: Actor
) -> None:
    """Never both: either the signature stands or the case is with the next unit."""
    case_ids = [open_case(street, file, dispatcher)]
    clock.forward(61)

    def sign() -> str:
        try:
            tracking.post_step(street, case_ids[0], Step.SIGNED, at=None, key="s", actor=mediator)
        except (AlreadyAssigned, OutOfOrder):
            return "handed on"
        return "signed"

    with ThreadPoolExecutor(2) as pool:
        signing, swept = pool.submit(sign), pool.submit(sweep_once, street)
        outcome = signing.result()
        swept.result()
    seen = reading.case(street, case_ids[0], dispatcher)
    assert seen.assignment is not None
    if outcome == "signed":
        assert (seen.status, seen.assignment.unit_id) == ("signed", "near")
    else:
        assert (seen.status, seen.assignment.unit_id) == ("assigned", "middle")
