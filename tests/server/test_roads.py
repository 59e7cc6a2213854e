"""Rides by a routing engine, by what was learnt here, and by the formula when neither helps."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import pytest

from server.domain.assignment import RankRule, rank
from server.domain.case import Step
from server.domain.geo import Place, distance_m
from server.domain.roles import Actor
from server.domain.travel import Heard, Pace, PaceRule, Travel, band_of, log_ratio, pace
from server.domain.unit import Unit
from server.office import Office
from server.routing_config import RoutingSettings
from server.services import dispatch, needs, ranking, reading, review, tracking, travel_times
from server.services.roads import ANSWERED, FAILED, NOT_ASKED, Breaker, Engine
from server.store import rides
from server.store.engine import reading as reading_rows
from server.sweep import sweep_once
from triage.taxonomy import Route

SCENE = Place(30.42, 120.30)
NEAR, FAR = Place(30.425, 120.30), Place(30.465, 120.30)
SECONDS_PER_M = 0.5


@dataclass
class FakeTown:
    """A small server that speaks OSRM's table and Valhalla's matrix over straight roads."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    reply: Callable[[], object] | None = None
    hold: threading.Event = field(default_factory=threading.Event)
    slow: bool = False
    river_m: float = 0
    """Starts nearer than this have an hour to go."""
    status: int = 200

    def matrix(self, starts: list[Place], target: Place) -> list[tuple[float, float]]:
        metres = [distance_m(start, target) for start in starts]
        return [(3600 if m < self.river_m else m * SECONDS_PER_M, m) for m in metres]


def _osrm(town: FakeTown, path: str) -> object:
    places, _, query = path.removeprefix("/table/v1/bike/").partition("?")
    spots = [
        Place(float(lat), float(lon)) for lon, lat in (p.split(",") for p in places.split(";"))
    ]
    wanted = dict(part.split("=") for part in query.split("&"))
    sources = [spots[int(number)] for number in wanted["sources"].split(";")]
    found = town.matrix(sources, spots[int(wanted["destinations"])])
    return {
        "code": "Ok",
        "durations": [[s] for s, _ in found],
        "distances": [[m] for _, m in found],
    }


def _valhalla(town: FakeTown, body: dict[str, list[dict[str, float]]]) -> object:
    sources = [Place(**spot) for spot in body["sources"]]
    found = town.matrix(sources, Place(**body["targets"][0]))
    cells = [
        [{"time": s, "distance": m / 1000, "from_index": n, "to_index": 0}]
        for n, (s, m) in enumerate(found)
    ]
    return {"sources_to_targets": cells, "units": "kilometers"}


@pytest.fixture
def town() -> Iterator[FakeTown]:
    made = FakeTown()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(_osrm(made, self.path))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(_valhalla(made, json.loads(raw)))

        def _answer(self, found: object) -> None:
            made.asked.append(self.path)
            if made.slow:
                made.hold.wait(30)
            said = found if made.reply is None else made.reply()
            raw = json.dumps(said).encode()
            self.send_response(made.status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    made.hold.set()
    server.shutdown()
    server.server_close()


def engine(town: FakeTown, **changes: object) -> Engine:
    return Engine(RoutingSettings(**({"url": town.url, "timeout_s": 5} | changes)))  # type: ignore[arg-type]


@pytest.mark.parametrize("api", ["osrm", "valhalla"])
def test_both_engines_are_asked_once_for_all_starts(town: FakeTown, api: str) -> None:
    roads = engine(town, api=api)
    found = roads.rides([NEAR, FAR], SCENE)
    assert found is not None
    for start, ride in zip((NEAR, FAR), found, strict=True):
        assert ride is not None
        metres = distance_m(start, SCENE)
        assert ride.metres == pytest.approx(metres, rel=1e-3)
        assert ride.seconds == pytest.approx(metres * SECONDS_PER_M, rel=1e-3)
    assert len(town.asked) == 1
    assert roads.rides([], SCENE) == []
    assert roads.counts == {ANSWERED: 1, FAILED: 0, NOT_ASKED: 0}


def test_no_way_is_no_fault(town: FakeTown) -> None:
    town.reply = lambda: {"code": "Ok", "durations": [[None]], "distances": [[None]]}
    assert engine(town).rides([NEAR], SCENE) == [None]


@pytest.mark.parametrize(
    "said",
    [
        {"code": "NoTable"},
        {"code": "Ok"},
        {"code": "Ok", "durations": [[1.0], [2.0]]},
        {"code": "Ok", "durations": [[1.0, 2.0]]},
        {"code": "Ok", "durations": [["soon"]]},
        {"code": "Ok", "durations": [[-1.0]]},
        {"code": "Ok", "durations": [[True]]},
        ["Ok"],
        "x" * 1_100_000,
    ],
)
def test_whatever_an_engine_answers_nothing_is_raised(town: FakeTown, said: object) -> None:
    town.reply = lambda: said
    assert engine(town).rides([NEAR], SCENE) is None


def test_an_engine_that_refuses_or_is_not_there_is_no_help(town: FakeTown) -> None:
    town.status = 503
    assert engine(town).rides([NEAR], SCENE) is None
    gone = Engine(RoutingSettings(url="http://127.0.0.1:9", timeout_s=1))
    assert gone.rides([NEAR], SCENE) is None
    assert gone.counts[FAILED] == 1


def test_a_slow_engine_is_given_up_and_then_left_alone(town: FakeTown) -> None:
    town.slow = True
    roads = engine(town, timeout_s=0.05, failures=2)
    assert [roads.rides([NEAR], SCENE) for _ in range(5)] == [None] * 5
    assert roads.counts == {ANSWERED: 0, FAILED: 2, NOT_ASKED: 3}


def test_after_the_pause_one_question_tries() -> None:
    now = [0.0]
    breaker = Breaker(2, 30, lambda: now[0])
    for _ in range(2):
        assert breaker.may_ask()
        breaker.note(well=False)
    assert not breaker.may_ask()
    now[0] = 31
    assert [breaker.may_ask(), breaker.may_ask()] == [True, False]
    breaker.note(well=True)
    assert breaker.may_ask()


def test_the_ranking_goes_by_the_road_and_says_so(
    street: Office, file, open_dispute, town: FakeTown, dispatcher: Actor
) -> None:
    """A river lies before the nearest: its way is an hour, so the middle one goes."""
    town.river_m = 600
    routed = replace(street, roads=engine(town))
    case_id = file(office=routed).answer["case"]["id"]
    if reading.case(routed, case_id, dispatcher).assignment is None:
        review.decide_route(routed, case_id, Route.MEDIATE, actor=dispatcher)
    given = reading.case(routed, case_id, dispatcher).assignment
    assert given is not None
    assert given.unit_id == "middle"
    assert given.reasons[0].text.startswith("按道路到现场1.6公里")
    ranked = ranking.candidates(routed, case_id, dispatcher)
    assert [c.unit_id for c in ranked] == ["far", "near"]


def test_without_an_answer_the_formula_serves_and_says_why(
    street: Office, file, open_dispute, town: FakeTown, dispatcher: Actor
) -> None:
    town.status = 500
    routed = replace(street, roads=engine(town))
    case_id = open_dispute(street, file, dispatcher)
    plain = {c.unit_id: c.eta_s for c in ranking.candidates(street, case_id, dispatcher)}
    for found in ranking.candidates(routed, case_id, dispatcher):
        assert found.eta_s == plain[found.unit_id]
        assert travel_times.NO_ANSWER in [reason.text for reason in found.reasons]
    moved = dispatch.assign(routed, case_id, "far", dispatcher, instead_of="near")
    assert moved.assignment is not None
    assert moved.assignment.unit_id == "far"


# -- own history ---------------------------------------------------------------------------


def test_hours_of_the_day_are_local() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    assert band_of(datetime(2026, 7, 1, 23, 30, tzinfo=UTC), shanghai) == 2
    assert band_of(datetime(2026, 7, 1, 16, 0, tzinfo=UTC), shanghai) == 0


def test_a_ride_tells_its_ratio_to_the_formula() -> None:
    rule = PaceRule()
    way = {"metres": 1000.0, "detour": 1.3, "speed_kmh": 20.0, "rule": rule}
    found = log_ratio(true_s=2 * 1300 / (20 / 3.6), **way)  # type: ignore[arg-type]
    assert found == pytest.approx(math.log(2))
    assert log_ratio(true_s=5 * 1300 / (20 / 3.6), **way) is None  # type: ignore[arg-type]
    assert log_ratio(true_s=0, **way) is None  # type: ignore[arg-type]
    assert log_ratio(true_s=60, **(way | {"metres": 100.0})) is None  # type: ignore[arg-type]


def test_little_history_stays_near_the_level_above() -> None:
    rule = PaceRule()
    slow = math.log(1.5)
    none = Heard()
    assert pace(Heard(19, 19 * slow), none, none, rule).factor == 1
    street = pace(Heard(1000, 1000 * slow), none, none, rule)
    assert street.factor == pytest.approx(1.5, rel=0.01)
    one_fast = pace(Heard(1000, 1000 * slow), none, Heard(1, math.log(0.5)), rule)
    many_fast = pace(Heard(1000, 1000 * slow), none, Heard(100, 100 * math.log(0.5)), rule)
    assert street.factor > one_fast.factor > 1.3
    assert 0.5 < many_fast.factor < 0.65
    endless = Heard(10_000, 10_000 * math.log(3.9))
    assert pace(endless, endless, endless, rule).factor == pytest.approx(rule.most)


def test_a_pace_is_a_reason_with_its_seconds() -> None:
    unit = Unit(
        id="a",
        name="a",
        point="顺达",
        point_place=NEAR,
        on_duty=True,
        open_cases=0,
        served_24h=0,
        speed_kmh=22,
    )
    now, rule = datetime(2026, 7, 1, tzinfo=UTC), RankRule()
    (plain,) = rank(SCENE, [unit], now=now, rule=rule)
    (slow,) = rank(SCENE, [unit], now=now, rule=rule, travel=Travel(pace=Pace(1.5, 7)))
    told = {reason.text: reason.seconds for reason in slow.reasons}
    formula_s = plain.reasons[0].seconds
    assert told["此地此时以往路程偏慢（7次）"] == pytest.approx(formula_s / 2)
    assert slow.eta_s - plain.eta_s == pytest.approx(formula_s / 2, abs=0.1)


def test_verified_arrivals_teach_the_pace_of_the_street(
    street: Office,
    file,
    beacon,
    clock,
    open_dispute,
    close_case,
    dispatcher: Actor,
    mediator: Actor,
) -> None:
    """Rides at half speed are kept once each, with their ratio to the formula."""
    away = Place(SCENE.lat + 550 / 111_195, SCENE.lon)
    for number in (1, 2):
        beacon("near", away)
        case_id = open_dispute(street, file, dispatcher)
        ride(street, case_id, beacon, clock, mediator, seconds=230)
        sweep_once(street)
        close_case(street, case_id, dispatcher)
        band = travel_times.rules.band_of(clock(), ZoneInfo("Asia/Shanghai"))
        area = needs.community_of(street.district, SCENE) or travel_times.NOWHERE
        with reading_rows(street.engine) as conn:
            since = clock() - timedelta(days=365)
            levels = rides.heard(conn, area=area, band=band, since=since)
            nowhere = rides.heard(conn, area="nowhere", band=band, since=since)
        assert [level.count for level in levels] == [number] * 3
        assert [level.count for level in nowhere] == [number, 0, 0]
        assert math.exp(levels[0].log_sum / number) == pytest.approx(2, rel=0.35)


def ride(street: Office, case_id: str, beacon, clock, mediator: Actor, *, seconds: float) -> None:
    """Signs, leaves and arrives, with fixes every ten seconds on the way."""

    def post(step: Step) -> None:
        key = f"{case_id}-{step}"
        tracking.post_step(street, case_id, step, at=None, key=key, actor=mediator)

    post(Step.SIGNED)
    post(Step.DEPARTED)
    for passed in range(0, int(seconds) + 1, 10):
        left = 550 * max(0.0, 1 - passed / seconds)
        beacon("near", Place(SCENE.lat + left / 111_195, SCENE.lon))
        clock.forward(10)
    for _ in range(3):
        beacon("near", SCENE)
        clock.forward(5)
    post(Step.ARRIVED)
    sweep_once(street)
