"""Who fits, who hands back, what proves a call, and whose word stands: on both databases."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.domain.assignment import Need, RankRule, rank
from server.domain.case import Disposition, Refusal, Step
from server.domain.errors import AlreadyAssigned, Conflict, Invalid, Missing
from server.domain.evidence import Claim, EvidenceRule, PartyCall, Verdict, judge
from server.domain.geo import Place
from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.domain.travel import BY_FORMULA, Pace, Ride, Travel
from server.domain.unit import Traits, Unit
from server.office import Office
from server.services import dispatch, needs, proof, ranking, reading, roster, tracking
from server.sweep import sweep_once
from server.web.pages import saying, sentences
from triage.taxonomy import Route

NOW = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
SCENE = Place(30.42, 120.30)
RULE = RankRule()
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
ADMIN = Actor("admin", Role.ADMIN)
SUPERVISOR = Actor("dudao", Role.SUPERVISOR)


def unit(name: str, **changes: Any) -> Unit:
    made = Unit(
        id=name,
        name=name,
        point="顺达",
        point_place=SCENE,
        on_duty=True,
        open_cases=0,
        served_24h=0,
        speed_kmh=22,
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("fits", "need", "words"),
    [
        ({}, Need(familiar=frozenset({"b"})), "曾办过当事人的纠纷"),
        (
            {"traits": Traits(areas=frozenset({"龙坝社区"}))},
            Need(community="龙坝社区"),
            "负责龙坝社区",
        ),
        (
            {"traits": Traits(skills=frozenset({"dispute.wage"}))},
            Need(category="dispute.wage"),
            "擅长此类纠纷",
        ),
        (
            {"traits": Traits(skills=frozenset({"dispute"}))},
            Need(category="dispute.noise"),
            "擅长此类纠纷",
        ),
        ({"traits": Traits(veteran=True)}, Need(danger=70), "老民警带队"),
    ],
)
def test_who_fits_goes_before_who_is_as_near(fits: dict[str, Any], need: Need, words: str) -> None:
    first, second = rank(SCENE, [unit("a"), unit("b", **fits)], now=NOW, rule=RULE, need=need)
    assert first.unit_id == "b"
    assert words in [reason.text for reason in first.reasons]
    for found in (first, second):
        assert found.score_s == round(sum(r.seconds for r in found.reasons), 1)
        assert found.eta_s >= 0


def test_fitting_never_sends_somebody_across_the_town() -> None:
    far = replace(unit("b"), point_place=Place(SCENE.lat + 0.05, SCENE.lon))
    need = Need(familiar=frozenset({"b"}))
    assert rank(SCENE, [unit("a"), far], now=NOW, rule=RULE, need=need)[0].unit_id == "a"


def test_with_the_police_go_two_and_one_alone_rather_than_nobody() -> None:
    alone, two = unit("a", members=1), unit("b", members=2)
    need = Need(joint=True)
    assert [c.unit_id for c in rank(SCENE, [alone, two], now=NOW, rule=RULE, need=need)] == [
        "b",
        "a",
    ]
    assert [c.unit_id for c in rank(SCENE, [alone], now=NOW, rule=RULE, need=need)] == ["a"]


def test_traits_are_of_this_street(street: Office) -> None:
    known = street.district.communities[0].name
    told = Traits(frozenset({"dispute.leak"}), frozenset({known}), veteran=True)
    roster.set_traits(street, "far", told, actor=ADMIN)
    with pytest.raises(Invalid, match="skill"):
        roster.set_traits(street, "far", Traits(skills=frozenset({"dispute.x"})), actor=ADMIN)
    with pytest.raises(Invalid, match="area"):
        roster.set_traits(street, "far", Traits(areas=frozenset({"nowhere"})), actor=ADMIN)
    with pytest.raises(Missing):
        roster.set_traits(street, "nobody", Traits(), actor=ADMIN)


def test_every_community_is_found_by_its_middle(street: Office) -> None:
    for community in street.district.communities:
        place = Place(community.centroid.lat, community.centroid.lon)
        assert needs.community_of(street.district, place) is not None
    assert needs.community_of(street.district, Place(0.0, 0.0)) is None
    assert needs.community_of(street.district, None) is None


def test_who_settled_with_these_parties_before_comes_again(
    street: Office, file, dispatcher: Actor, open_dispute, close_case, clock
) -> None:
    caller = Caller(name="李某某", phone="10000009999")
    told = lambda: file(caller=caller)  # noqa: E731
    first = open_dispute(street, told, dispatcher)
    dispatch.assign(street, first, "middle", dispatcher, instead_of="near")
    close_case(street, first, dispatcher)
    clock.now += timedelta(days=5)
    again = open_dispute(street, told, dispatcher)
    ranked = ranking.candidates(street, again, dispatcher)
    knowing = next(c for c in ranked if c.unit_id == "middle")
    assert "曾办过当事人的纠纷" in [reason.text for reason in knowing.reasons]


def test_a_refused_case_goes_on_to_the_next_with_its_reason(
    street: Office, file, dispatcher: Actor, mediator: Actor, open_dispute
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    stranger = Actor("far-one", Role.MEDIATOR, "far")
    with pytest.raises(Exception, match="never with your unit"):
        dispatch.refuse(street, case_id, Refusal.TOO_FAR, stranger)
    after = dispatch.refuse(street, case_id, Refusal.RELATED, mediator)
    assert after.assignment is not None
    assert after.assignment.unit_id == "middle"
    story = reading.case(street, case_id, dispatcher).timeline
    ended = next(event for event in story if event.kind == "assignment_ended")
    assert ended.body == {"why": "refused", "reason": "related"}
    said = sentences.tell(ended, saying.Names({"near": "近组"}))
    assert said.text.startswith("近组退单（与当事人有关系，需回避）")
    with pytest.raises(AlreadyAssigned):
        dispatch.refuse(street, case_id, Refusal.RELATED, mediator)


def test_nobody_else_is_sent_into_danger_unseen(
    street: Office, file, dispatcher: Actor, mediator: Actor, open_dispute
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    after = dispatch.refuse(street, case_id, Refusal.UNSAFE, mediator)
    assert (after.route, after.status, after.assignment) == (Route.REVIEW, "open", None)
    assert after.danger >= 90
    with pytest.raises(Conflict):
        dispatch.refuse(street, case_id, Refusal.UNSAFE, dispatcher)


@pytest.mark.parametrize(
    ("calls", "verdict"),
    [
        ([], Verdict.CLAIMED_ONLY),
        ([PartyCall(NOW - timedelta(minutes=2))], Verdict.VERIFIED),
        ([PartyCall(NOW + timedelta(minutes=1), 35.0)], Verdict.VERIFIED),
        ([PartyCall(NOW, 0.0)], Verdict.CLAIMED_ONLY),
        ([PartyCall(NOW - timedelta(hours=1))], Verdict.CLAIMED_ONLY),
    ],
)
def test_a_call_proves_the_contact(calls: list[PartyCall], verdict: Verdict) -> None:
    claim = Claim(Step.CONTACTED, NOW, by_unit=True)
    found = judge(claim, None, (), now=NOW, rule=EvidenceRule(), calls=calls)
    assert found.verdict is verdict


def test_a_call_that_is_told_late_changes_the_verdict(
    street: Office, file, dispatcher: Actor, mediator: Actor, open_dispute, clock
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    post = lambda step: tracking.post_step(  # noqa: E731
        street, case_id, step, at=None, key=f"k-{step}", actor=mediator
    )
    post(Step.SIGNED)
    assert post(Step.CONTACTED).evidence.verdict == "claimed_only"
    dialled = clock()
    clock.now += timedelta(minutes=9)
    ask = {"at": dialled, "talked_s": None, "key": "dial-0001", "actor": mediator}
    assert proof.note_call(street, case_id, **ask)
    assert not proof.note_call(street, case_id, **ask)
    sweep_once(street)
    step = next(s for s in reading.case(street, case_id, dispatcher).steps if s.step == "contacted")
    assert (step.evidence.verdict, step.evidence.why) == ("verified", "已从手机拨出")


def test_a_persons_word_stands_once_and_later_fixes_change_it_not(
    street: Office, file, beacon, dispatcher: Actor, mediator: Actor, open_dispute, clock
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    for step in (Step.SIGNED, Step.ARRIVED):
        tracking.post_step(street, case_id, step, at=None, key=f"k-{step}", actor=mediator)
    with pytest.raises(Invalid, match="verdict"):
        proof.overrule(street, case_id, Step.ARRIVED, Verdict.PENDING, why="x", actor=SUPERVISOR)
    with pytest.raises(Missing):
        proof.overrule(street, case_id, Step.DEPARTED, Verdict.VERIFIED, why="x", actor=SUPERVISOR)
    made = proof.overrule(
        street, case_id, Step.ARRIVED, Verdict.CONTRADICTED, why="监控显示未到", actor=SUPERVISOR
    )
    assert (made.evidence.verdict, made.evidence.why) == ("contradicted", "人工认定：监控显示未到")
    for ago in (5, 3, 1):
        beacon("near", SCENE, ago_s=ago)
    clock.now += timedelta(minutes=1)
    sweep_once(street)
    steps = reading.case(street, case_id, dispatcher).steps
    assert next(s for s in steps if s.step == "arrived").evidence.verdict == "contradicted"
    with pytest.raises(Conflict, match="already"):
        proof.overrule(street, case_id, Step.ARRIVED, Verdict.VERIFIED, why="y", actor=SUPERVISOR)
    story = reading.case(street, case_id, dispatcher).timeline
    told = next(event for event in story if event.kind == "evidence_overruled")
    assert "监控" not in str(dict(told.body))


def test_handing_to_the_police_alerts_the_command_room(
    street: Office, file, dispatcher: Actor, mediator: Actor, open_dispute
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    tracking.close(
        street, case_id, disposition=Disposition.TO_POLICE, key="police-0001", actor=mediator
    )
    story = reading.case(street, case_id, dispatcher).timeline
    told = next(event for event in story if event.kind == "police_needed")
    assert sentences.tell(told, saying.Names()).tone == "bad"


def test_reasons_add_up_to_the_score_that_ordered_a_thousand_units() -> None:
    """Scores are counted before reasons are made; both must say the same."""
    spec = importlib.util.spec_from_file_location("candidates", BENCHMARKS / "candidates.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    units = script.made_up(1000, 11)
    travel = Travel(rides={"u3": Ride(50.0, 400.0)}, pace=Pace(1.2, 30), fault="没有应答")
    for way in (BY_FORMULA, travel):
        found = rank(SCENE, units, now=script.NOW, rule=RULE, need=script.NEED, travel=way)
        scores = [one.score_s for one in found]
        assert len(found) == 1000
        assert scores == sorted(scores)
        for one in found:
            assert one.score_s == pytest.approx(sum(r.seconds for r in one.reasons), abs=0.051)
        assert [c.unit_id for c in found.of("u3")] == ["u3"]
