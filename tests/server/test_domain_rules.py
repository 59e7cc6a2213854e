"""The pure rules of the office, each from both sides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.domain import linking, sla
from server.domain.assignment import RankRule, rank
from server.domain.case import (
    Case,
    Status,
    Step,
    check_assignable,
    check_step,
    graver,
    status_after,
)
from server.domain.errors import CaseClosed, Conflict, Invalid, OutOfOrder
from server.domain.events import NewEvent, broken_at, chain
from server.domain.evidence import Claim, EvidenceRule, Fix, Target, Verdict, judge
from server.domain.geo import Place, distance_m, navigation_links, place
from server.domain.linking import LinkRule, Trace
from server.domain.masking import mask_id_number, mask_name, mask_phone
from server.domain.sla import DeadlineState, Limits
from server.domain.unit import LivePosition, Unit, advances
from triage.taxonomy import Route

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
HERE = Place(30.42, 120.30)
NORTH_1KM = Place(30.42 + 1000 / 111_195, 120.30)


def case(**changes: object) -> Case:
    values: dict[str, object] = {
        "id": "C1",
        "opened_at": NOW,
        "status": Status.OPEN,
        "route": Route.MEDIATE,
        "label": None,
        "category": None,
        "confidential": False,
        "address": None,
        "place": HERE,
        "version": 0,
    }
    return Case(**(values | changes))  # type: ignore[arg-type]


def trace(**changes: object) -> Trace:
    values: dict[str, object] = {
        "report_id": "R1",
        "case_id": "C1",
        "case_open": True,
        "received_at": NOW,
        "caller_keys": frozenset({"k"}),
        "address_key": "a",
        "is_dispute": True,
    }
    return Trace(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minutes", "changes", "linked"),
    [
        (10, {}, True),
        (60, {"is_dispute": False}, True),
        (61, {"is_dispute": False}, False),
        (71 * 60, {}, True),
        (73 * 60, {}, False),
        (10, {"case_open": False}, False),
        (10, {"case_id": None}, False),
        (10, {"caller_keys": frozenset({"other"})}, False),
        (10, {"caller_keys": frozenset()}, False),
        (10, {"address_key": "elsewhere"}, False),
        (10, {"address_key": None}, True),
    ],
)
def test_the_same_event_told_again_is_linked(
    minutes: int, changes: dict[str, object], linked: bool
) -> None:
    new = trace(received_at=NOW + timedelta(minutes=minutes), report_id="", case_id=None)
    assert (linking.main_report(new, [trace(**changes)], LinkRule()) is not None) is linked


def test_a_repeat_joins_the_latest_report() -> None:
    earlier = [trace(report_id="R1"), trace(report_id="R2", received_at=NOW + timedelta(minutes=5))]
    new = trace(received_at=NOW + timedelta(minutes=9))
    found = linking.main_report(new, earlier, LinkRule())
    assert found is not None
    assert found.report_id == "R2"


def test_steps_need_a_unit_then_a_signature() -> None:
    with pytest.raises(OutOfOrder, match="assign it first"):
        check_step(case(), Step.SIGNED, [])
    with pytest.raises(OutOfOrder, match="sign it first"):
        check_step(case(status=Status.ASSIGNED), Step.ARRIVED, [])
    with pytest.raises(CaseClosed):
        check_step(case(status=Status.CLOSED), Step.SIGNED, [])
    check_step(case(status=Status.SIGNED), Step.ARRIVED, [Step.SIGNED])


def test_steps_only_move_a_case_forward() -> None:
    assert status_after(Status.ON_SCENE, Step.DEPARTED) is Status.ON_SCENE
    assert status_after(Status.SIGNED, Step.CONTACTED) is Status.SIGNED
    assert status_after(Status.SIGNED, Step.DEPARTED) is Status.EN_ROUTE


@pytest.mark.parametrize("changes", [{"confidential": True}, {"route": Route.POLICE}])
def test_what_must_not_be_assigned(changes: dict[str, object]) -> None:
    with pytest.raises(Conflict):
        check_assignable(case(**changes))


def test_a_graver_route_wins_in_either_order() -> None:
    assert graver(Route.MEDIATE, Route.POLICE) is Route.POLICE
    assert graver(Route.JOINT, Route.MEDIATE) is Route.JOINT


def test_clocks_of_the_street() -> None:
    due = {d.step: (d.due_at - NOW).total_seconds() for d in sla.unit_deadlines(NOW, Limits())}
    assert due == {"signed": 60, "departed": 120, "contacted": 180, "arrived": 480}
    due = {d.step: (d.due_at - NOW).total_seconds() for d in sla.case_deadlines(NOW, Limits())}
    assert due == {"feedback": 3600, "closed": 86_400}


@pytest.mark.parametrize(
    ("state", "seconds", "warn", "miss"),
    [
        (DeadlineState.RUNNING, 44, False, False),
        (DeadlineState.RUNNING, 45, True, False),
        (DeadlineState.WARNED, 50, False, False),
        (DeadlineState.WARNED, 60, False, False),
        (DeadlineState.WARNED, 60.001, False, True),
        (DeadlineState.RUNNING, 600, False, True),
        (DeadlineState.MET, 600, False, False),
        (DeadlineState.VOID, 600, False, False),
    ],
)
def test_a_deadline_warns_once_and_is_missed_once(
    state: DeadlineState, seconds: float, warn: bool, miss: bool
) -> None:
    warn_at, due_at = NOW + timedelta(seconds=45), NOW + timedelta(seconds=60)
    tick = sla.tick(state, warn_at=warn_at, due_at=due_at, now=NOW + timedelta(seconds=seconds))
    assert (tick.warn, tick.miss) == (warn, miss)


def unit(unit_id: str, **changes: object) -> Unit:
    values: dict[str, object] = {
        "id": unit_id,
        "name": unit_id,
        "point": "顺达",
        "point_place": HERE,
        "on_duty": True,
        "open_cases": 0,
        "served_24h": 0,
        "speed_kmh": 22.0,
        "position": LivePosition(HERE, NOW, 8.0),
    }
    return Unit(**(values | changes))  # type: ignore[arg-type]


def ids(*units: Unit, excluded: tuple[str, ...] = ()) -> list[str]:
    ranked = rank(NORTH_1KM, units, now=NOW, rule=RankRule(), excluded=excluded)
    return [candidate.unit_id for candidate in ranked]


def test_the_nearest_goes_and_busy_or_absent_units_do_not() -> None:
    near = unit("near", position=LivePosition(NORTH_1KM, NOW, 8.0))
    assert ids(unit("far"), near) == ["near", "far"]
    assert ids(unit("busy", open_cases=1), unit("off", on_duty=False), near) == ["near"]
    assert ids(unit("far"), near, excluded=("near",)) == ["far"]


def test_near_ties_go_to_whoever_went_least() -> None:
    assert ids(unit("a", served_24h=3), unit("b")) == ["b", "a"]


def test_old_and_doubted_positions_cost_and_are_said() -> None:
    old = unit("old", position=LivePosition(HERE, NOW - timedelta(minutes=5), 8.0))
    doubted = unit("doubted", position=LivePosition(HERE, NOW, 8.0, ("jump",)))
    assert ids(doubted, old, unit("sure"))[0] == "sure"
    ranked = rank(NORTH_1KM, [old], now=NOW, rule=RankRule())
    assert any("5分钟前" in reason.text for reason in ranked[0].reasons)


def test_a_very_old_position_says_nothing() -> None:
    gone = unit("gone", position=LivePosition(NORTH_1KM, NOW - timedelta(hours=2), 8.0))
    candidate = rank(NORTH_1KM, [gone], now=NOW, rule=RankRule())[0]
    assert candidate.distance_m == pytest.approx(1000, abs=5)
    assert "按驻点估算" in candidate.reasons[1].text


def test_reasons_add_up_to_the_score() -> None:
    shaky = unit("x", served_24h=2, position=LivePosition(HERE, NOW - timedelta(minutes=4), 90.0))
    candidate = rank(NORTH_1KM, [shaky], now=NOW, rule=RankRule())[0]
    assert sum(r.seconds for r in candidate.reasons) == pytest.approx(candidate.score_s, abs=0.1)


def at(
    seconds: float, metres_north: float, accuracy_m: float = 10, *, doubted: bool = False
) -> Fix:
    there = Place(30.42 + metres_north / 111_195, 120.30)
    return Fix(NOW + timedelta(seconds=seconds), there, accuracy_m, doubted)


def verdict(step: Step, *fixes: Fix, later_s: float = 600, by_unit: bool = True) -> Verdict:
    now = NOW + timedelta(seconds=later_s)
    claim = Claim(step, NOW, by_unit=by_unit)
    return judge(claim, Target(HERE), fixes, now=now, rule=EvidenceRule()).verdict


def test_two_of_three_fixes_inside_prove_an_arrival() -> None:
    assert verdict(Step.ARRIVED, at(-20, 30), at(-10, 200), at(0, 20)) is Verdict.VERIFIED


def test_one_fix_inside_proves_nothing() -> None:
    assert verdict(Step.ARRIVED, at(0, 20)) is Verdict.CLAIMED_ONLY


def test_an_arrival_from_two_kilometres_away_is_contradicted() -> None:
    claim = Claim(Step.ARRIVED, NOW, by_unit=True)
    fixes = [at(-10, 2000), at(0, 2000), at(10, 2000)]
    found = judge(claim, Target(HERE), fixes, now=NOW, rule=EvidenceRule())
    assert found.verdict is Verdict.CONTRADICTED
    assert found.why == "距现场2.0公里"


def test_doubted_and_inaccurate_fixes_prove_nothing() -> None:
    fixes = [at(-10, 10, 400), at(0, 10, doubted=True), at(5, 10, 400)]
    assert verdict(Step.ARRIVED, *fixes) is Verdict.CLAIMED_ONLY


def test_a_claim_without_fixes_waits_before_it_is_only_a_claim() -> None:
    assert verdict(Step.ARRIVED, later_s=10) is Verdict.PENDING
    assert verdict(Step.ARRIVED) is Verdict.CLAIMED_ONLY


def test_a_coarse_address_widens_the_radius() -> None:
    claim = Claim(Step.ARRIVED, NOW, by_unit=True)
    fixes = [at(-5, 70), at(0, 70)]
    later = NOW + timedelta(minutes=10)
    fine = judge(claim, Target(HERE), fixes, now=later, rule=EvidenceRule())
    coarse = judge(claim, Target(HERE, coarse=True), fixes, now=later, rule=EvidenceRule())
    assert (fine.verdict, coarse.verdict) == (Verdict.CLAIMED_ONLY, Verdict.VERIFIED)


def test_leaving_is_proved_by_moving() -> None:
    assert verdict(Step.DEPARTED, at(0, 1500), at(60, 1300)) is Verdict.VERIFIED
    still = [at(-100, 1500), at(0, 1501), at(70, 1500), at(130, 1500)]
    assert verdict(Step.DEPARTED, *still) is Verdict.CONTRADICTED


def test_having_waited_before_leaving_contradicts_nothing() -> None:
    waited = [at(seconds, 1500) for seconds in range(-180, 4, 5)]
    assert verdict(Step.DEPARTED, *waited, later_s=3) is Verdict.PENDING
    gone = [at(seconds, 1500 - 6 * seconds) for seconds in range(5, 60, 5)]
    assert verdict(Step.DEPARTED, *waited, *gone) is Verdict.VERIFIED


def test_sparse_fixes_from_the_way_do_not_accuse_an_honest_arrival() -> None:
    on_the_way = [at(-75, 450), at(-50, 300), at(-25, 150)]
    assert verdict(Step.ARRIVED, *on_the_way, later_s=1) is Verdict.PENDING
    assert verdict(Step.ARRIVED, *on_the_way, at(5, 20), at(30, 15)) is Verdict.VERIFIED


def test_signing_for_another_is_only_a_claim() -> None:
    assert verdict(Step.SIGNED) is Verdict.VERIFIED
    assert verdict(Step.SIGNED, by_unit=False) is Verdict.CLAIMED_ONLY


def test_distance_of_a_degree_of_latitude() -> None:
    assert distance_m(Place(30, 120), Place(31, 120)) == pytest.approx(111_195, rel=1e-4)


def test_a_place_needs_its_datum_and_lies_on_the_globe() -> None:
    with pytest.raises(Invalid, match="datum") as error:
        place(lat=30.4, lon=120.3, crs=None)
    assert error.value.field == "location.crs"
    with pytest.raises(Invalid) as error:
        place(lat=float("nan"), lon=120.3, crs="WGS-84")
    assert error.value.field == "location.lat"


def test_links_carry_each_vendors_order_and_datum() -> None:
    links = navigation_links(HERE, "顺达 1号")
    lon, lat = links.amap.split("to=")[1].split(",")[:2]
    shift = distance_m(HERE, Place(float(lat), float(lon)))
    assert 400 < shift < 600  # GCJ-02 is about 506 m off at (120.30, 30.42)
    assert f"latlng:{lat},{lon}|name:" in links.baidu
    assert f"tocoord={lat},{lon}" in links.tencent
    assert links.geo == "geo:30.420000,120.300000"
    assert " " not in links.amap


@pytest.mark.parametrize(
    ("at", "lat", "lon"),
    [
        # As the test suite of npm coordtransform gives it for 116.404, 39.915.
        (Place(39.915, 116.404), "39.916404", "116.410244"),
        # Outside China the Chinese datum is WGS-84.
        (Place(48.85, 2.35), "48.850000", "2.350000"),
    ],
)
def test_links_of_known_points(at: Place, lat: str, lon: str) -> None:
    links = navigation_links(at, "3幢402")
    name = "3%E5%B9%A2402"
    assert f"?to={lon},{lat},{name}&" in links.amap
    assert f"?destination=latlng:{lat},{lon}|name:{name}&coord_type=gcj02&" in links.baidu
    assert f"&to={name}&tocoord={lat},{lon}&coord_type=2&" in links.tencent
    assert links.geo == f"geo:{at.lat:.6f},{at.lon:.6f}"


def test_live_state_moves_by_fix_time_only() -> None:
    assert advances(None, NOW)
    assert advances(NOW, NOW + timedelta(seconds=1))
    assert not advances(NOW, NOW)


def test_a_changed_removed_or_swapped_event_breaks_the_chain() -> None:
    events, previous = [], "0" * 64
    for number in range(1, 5):
        told = NewEvent("case_opened", NOW, "system", f"C{number}", body={"n": number})
        events.append(chain(told, number=number, prev_hash=previous))
        previous = events[-1].hash
    assert broken_at(events) is None
    assert broken_at([events[0], events[2], events[3]]) == 3
    forged = chain(NewEvent("case_opened", NOW, "system", "CX"), number=2, prev_hash=events[0].hash)
    assert broken_at([events[0], forged, *events[2:]]) == 3


def test_masks() -> None:
    assert mask_phone("138 0000 1234") == "138****1234"
    assert mask_phone("110") == "*10"
    assert mask_name("李某某") == "李某某"
    assert mask_name("欧阳某") == "欧某某"
    assert mask_id_number("000000190001010000") == "0000************00"
