"""Leaving, clocks that are off, cameras that record: what telemetry says beside the ticks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edge import reception
from edge.encoding import dumps, encode, encode_envelope
from edge.quality import Limits, Track
from edge.reception import Arrival
from edge.skew import true_time
from edge.telemetry import Fix as DeviceFix
from edge.telemetry import Origin, Position
from server.domain.case import Step
from server.domain.evidence import Claim, EvidenceRule, Fix, Target, Verdict, judge
from server.domain.geo import Place
from server.domain.recording import CameraState, Recorded, recording
from server.domain.roles import Actor
from server.office import Office
from server.services import dispatch, reading, telemetry, tracking, units
from server.sweep import sweep_once

SCENE = Place(30.42, 120.30)
AT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
RULE = EvidenceRule()


def north(metres: float) -> Place:
    """So far north of the scene."""
    return Place(SCENE.lat + metres / 111_195, SCENE.lon)


def leaving(*track: tuple[float, float], after_s: float = 600) -> tuple[Verdict, str]:
    """The verdict on leaving at ``AT``: fixes as (seconds, metres north of the scene)."""
    fixes = [Fix(AT + timedelta(seconds=s), north(m), 8.0) for s, m in track]
    claim = Claim(Step.DEPARTED, AT, by_unit=True)
    now = AT + timedelta(seconds=after_s)
    found = judge(claim, Target(SCENE), fixes, now=now, rule=RULE)
    return found.verdict, found.why


def test_nearer_to_the_scene_is_on_the_way_before_a_hundred_metres_are_ridden() -> None:
    verdict, why = leaving((0, 900), (10, 870), (15, 838), (20, 830), after_s=20)
    assert (verdict, why) == (Verdict.VERIFIED, "已向现场靠近70米")
    assert leaving((0, 900), (10, 870), (15, 838), after_s=20)[0] is Verdict.PENDING
    assert leaving((0, 900), (10, 960), (20, 965), after_s=20)[0] is Verdict.PENDING


def test_one_stray_fix_is_no_approach() -> None:
    stray = leaving((0, 900), (10, 835), (20, 899), (30, 901), (170, 899))
    assert stray[0] is not Verdict.VERIFIED


def test_who_is_at_the_scene_already_is_not_accused_of_standing_still() -> None:
    there = leaving(*((s, 10) for s in range(-30, 175, 15)))
    assert there == (Verdict.VERIFIED, "出发时已在现场")
    elsewhere = leaving(*((s, 900) for s in range(-30, 175, 15)))
    assert elsewhere[0] is Verdict.CONTRADICTED


# -- clocks that are off -------------------------------------------------------------------


@pytest.mark.parametrize("ahead_s", [600.0, -600.0, 86_400.0])
def test_a_fix_stamped_by_the_device_is_set_right(ahead_s: float) -> None:
    sent = AT + timedelta(seconds=ahead_s)
    taken = sent - timedelta(seconds=2)
    found = true_time(taken, sent_at=sent, received_at=AT, ahead_s=ahead_s)
    assert found == AT - timedelta(seconds=2)


@pytest.mark.parametrize("ahead_s", [600.0, -600.0])
def test_a_fix_stamped_by_satellite_stays(ahead_s: float) -> None:
    sent = AT + timedelta(seconds=ahead_s)
    taken = AT - timedelta(seconds=2)
    assert true_time(taken, sent_at=sent, received_at=AT, ahead_s=ahead_s) == taken


def test_what_could_be_both_or_came_late_is_left_alone() -> None:
    sent = AT + timedelta(seconds=600)
    old = AT - timedelta(seconds=300)
    assert true_time(old, sent_at=sent, received_at=AT, ahead_s=600) is None
    late = AT + timedelta(seconds=1200)
    assert true_time(sent, sent_at=sent, received_at=late, ahead_s=600) is None
    hardly = AT + timedelta(seconds=20)
    assert true_time(AT, sent_at=hardly, received_at=AT, ahead_s=20) is None


class SkewedCamera:
    """A bodycam whose clock is off, as the edge hears it and hands it on."""

    def __init__(self, office: Office, ahead_s: float) -> None:
        self.office, self.ahead, self.seq = office, timedelta(seconds=ahead_s), 0
        self.tracks: dict[str, Track] = {}

    def sends(self, spot: Place, now: datetime) -> dict[str, object]:
        self.seq += 1
        own = now + self.ahead
        fix = DeviceFix(fix_time=own, lat=spot.lat, lon=spot.lon, accuracy_m=8.0)
        origin = Origin(device_id="bc-near", boot="b1", seq=self.seq, sent_at=own)
        payload = dumps(encode(Position(origin=origin, fix=fix))).encode()
        arrival = Arrival(
            topic="xn/v1/bc-near/position", payload=payload, received_at=now, stage="broker"
        )
        heard = reception.receive(
            [arrival], tracks=self.tracks, limits=Limits(), max_payload_bytes=65_536
        )
        self.tracks |= heard.tracks
        (envelope,) = heard.envelopes
        body = encode_envelope(envelope)
        telemetry.store(self.office, [body])
        return body


@pytest.mark.parametrize("ahead_s", [600.0, -600.0])
def test_an_honest_arrival_with_a_clock_ten_minutes_off_is_verified(
    street: Office,
    file,
    clock,
    open_dispute,
    dispatcher: Actor,
    mediator: Actor,
    ahead_s: float,
) -> None:
    camera = SkewedCamera(street, ahead_s)
    for _ in range(26):  # before the call: the edge learns the clock in two minutes
        body = camera.sends(north(550), clock())
        clock.forward(5)
    assert body["clock_ahead_s"] == pytest.approx(ahead_s)
    seen = next(unit for unit in units.unit_views(street, dispatcher) if unit.id == "near")
    assert seen.position is not None
    assert seen.position.age_s <= 10
    case_id = open_dispute(street, file, dispatcher)
    post(street, case_id, Step.SIGNED, mediator)
    post(street, case_id, Step.DEPARTED, mediator)
    for metres in range(550, 0, -25):
        camera.sends(north(metres), clock())
        clock.forward(5)
    camera.sends(SCENE, clock())
    assert post(street, case_id, Step.ARRIVED, mediator) == "verified"
    sweep_once(street)
    steps = {s.step: s.evidence.verdict for s in reading.case(street, case_id, dispatcher).steps}
    assert steps["departed"] == "verified"


def test_a_fake_arrival_with_a_clock_off_is_still_caught(
    street: Office, file, clock, open_dispute, dispatcher: Actor, mediator: Actor
) -> None:
    camera = SkewedCamera(street, -600)
    for _ in range(26):
        camera.sends(north(2100), clock())
        clock.forward(5)
    case_id = open_dispute(street, file, dispatcher)
    given = reading.case(street, case_id, dispatcher).assignment
    assert given is not None
    if given.unit_id != "near":
        dispatch.assign(street, case_id, "near", dispatcher, instead_of=given.unit_id)
    post(street, case_id, Step.SIGNED, mediator)
    post(street, case_id, Step.ARRIVED, mediator)
    for _ in range(10):
        clock.forward(5)
        camera.sends(north(2100), clock())
    sweep_once(street)
    seen = {s.step: s.evidence for s in reading.case(street, case_id, dispatcher).steps}
    assert (seen["arrived"].verdict, seen["arrived"].why) == ("contradicted", "距现场2.1公里")


def post(office: Office, case_id: str, step: Step, actor: Actor) -> str:
    key = f"{case_id}-{step}"
    return tracking.post_step(office, case_id, step, at=None, key=key, actor=actor).evidence.verdict


# -- cameras -------------------------------------------------------------------------------


def states(*told: tuple[float, bool], device: str = "bc") -> list[CameraState]:
    return [CameraState(device, AT + timedelta(seconds=s), on) for s, on in told]


def test_recording_is_counted_over_the_time_on_scene() -> None:
    until = AT + timedelta(minutes=10)
    every = range(0, 600, 30)
    on = recording(states(*((s, True) for s in every)), arrived=AT, until=until)
    assert (on.state, on.recorded_s, on.known_s) == (Recorded.ON, 600, 600)
    half = recording(states(*((s, s < 300) for s in every)), arrived=AT, until=until)
    assert (half.state, half.recorded_s) == (Recorded.PARTLY, 300)
    off = recording(states(*((s, False) for s in every)), arrived=AT, until=until)
    assert (off.state, off.why) == (Recorded.OFF, "在场10分钟，录像0分钟")
    before = recording(states((-20, True), (700, True)), arrived=AT, until=until)
    assert before.state is Recorded.UNKNOWN
    assert recording([], arrived=AT, until=AT).state is Recorded.UNKNOWN


def test_any_camera_of_the_unit_counts_once() -> None:
    both = states(*((s, True) for s in range(0, 300, 30)))
    both += states(*((s, s >= 200) for s in range(0, 600, 20)), device="bc-2")
    found = recording(both, arrived=AT, until=AT + timedelta(minutes=10))
    assert found.recorded_s == 600
    assert found.state is Recorded.ON


def test_the_case_shows_whether_the_scene_was_recorded(
    street: Office, file, clock, open_dispute, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    post(street, case_id, Step.SIGNED, mediator)
    assert reading.case(street, case_id, dispatcher).recording is None
    post(street, case_id, Step.ARRIVED, mediator)
    for number in range(10):
        told = {
            "device_id": "bc-near",
            "kind": "status",
            "v": 1,
            "boot": "b1",
            "seq": number,
            "sent_at": clock().isoformat(),
            "received_at": clock().isoformat(),
            "recording": number < 5,
        }
        telemetry.store(street, [told])
        clock.forward(30)
    seen = reading.case(street, case_id, dispatcher).recording
    assert seen is not None
    assert (seen.state, seen.recorded_s, seen.scene_s) == ("partly", 150, 300)
    steps = reading.case(street, case_id, dispatcher).steps
    assert {s.step: s.evidence.verdict for s in steps}["arrived"] != "verified"
