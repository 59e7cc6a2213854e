"""The simulation and the formulas against textbook answers (``tests/golden/dispatch.json``).

Sources are named in the file: Larson & Odoni, Urban Operations Research, chapters 3 and 5; the
formulas of Erlang.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.street import checks, queueing  # noqa: E402

GOLDEN = json.loads((ROOT / "tests" / "golden" / "dispatch.json").read_text("utf-8"))
CUBE = GOLDEN["hypercube_3server"]
CITY = GOLDEN["two_server_533"]
GROUPS = checks.groups_of(CUBE)
LINES = [(True, "infinite_line"), (False, "zero_line")]


def within(share: float, wanted: object) -> object:
    return pytest.approx(wanted, rel=share)


@pytest.mark.parametrize(("line", "key"), LINES)
def test_hypercube_by_equations(line: bool, key: str) -> None:
    solved, known = queueing.hypercube(GROUPS, line=line), CUBE[key]
    states = next(value for name, value in known.items() if name.startswith("P000"))
    assert solved.states == pytest.approx(states, abs=1e-6)
    assert solved.workload == pytest.approx(known["workload"], abs=1e-6)
    assert sum(solved.states) + solved.waiting == pytest.approx(1)
    if line:
        assert solved.all_busy == pytest.approx(known["P_all_busy_incl_queue"], abs=1e-6)
        crossed = queueing.cross_share(GROUPS, solved)
        assert crossed == pytest.approx(known["interresponse_fraction"], abs=1e-5)
    else:
        assert solved.loss == pytest.approx(known["loss"], abs=1e-6)


@pytest.mark.parametrize(("line", "key"), LINES)
def test_hypercube_by_simulation_to_one_percent(line: bool, key: str) -> None:
    outcome = checks.hypercube_run(GROUPS, line=line, calls=200_000, seed=1)
    solved = queueing.hypercube(GROUPS, line=line)
    assert checks.workloads(outcome) == within(0.01, CUBE[key]["workload"])
    assert checks.all_busy(outcome) == within(0.01, solved.all_busy)
    assert checks.crossed(outcome, GROUPS) == within(0.01, queueing.cross_share(GROUPS, solved))
    for state, chance in enumerate(solved.states[:-1]):
        found = outcome.state_s[state] / outcome.lasted_s
        assert found == pytest.approx(chance, abs=0.002)
    if line:
        assert outcome.waited_s / 200_000 == within(0.03, queueing.mean_wait(3, 1.5))


def test_larsons_approximation() -> None:
    known = CUBE["larson_approx"]
    assert [queueing.correction(3, 0.5, n) for n in range(3)] == pytest.approx(known["Q"], abs=1e-6)
    three = queueing.approximate(GROUPS, 3)
    assert three == pytest.approx(known["after_3_iterations"], abs=5e-5)
    assert three == within(0.01, CUBE["infinite_line"]["workload"])


@pytest.mark.parametrize(("key", "width"), [("w=1/2", 0.5), ("w*=53/126", 53 / 126)])
def test_two_servers(key: str, width: float) -> None:
    groups = checks.city_groups(width, CITY["lambda"])
    solved = queueing.hypercube(groups, line=False)
    travel = queueing.mean_travel(groups, solved, lambda g, u: checks.city_travel(width, g, u))
    assert travel == pytest.approx(CITY[key]["T"], abs=1e-5)
    assert solved.workload == pytest.approx(CITY[key]["rho"], abs=1e-5)
    assert solved.loss == pytest.approx(CITY["loss"], abs=1e-5)
    outcome = checks.city_run(width, CITY["lambda"], calls=100_000, seed=2)
    assert sum(outcome.response_s) / len(outcome.response_s) == within(0.01, CITY[key]["T"])
    assert checks.workloads(outcome) == within(0.01, CITY[key]["rho"])
    assert outcome.lost / 100_000 == within(0.01, CITY["loss"])


def test_the_best_boundary_of_two_servers() -> None:
    def travel(width: float) -> float:
        groups = checks.city_groups(width, CITY["lambda"])
        solved = queueing.hypercube(groups, line=False)
        return queueing.mean_travel(groups, solved, lambda g, u: checks.city_travel(width, g, u))

    best = min((n / 2000 for n in range(2001)), key=travel)
    assert best == within(0.01, 53 / 126)


@pytest.mark.parametrize("row", GOLDEN["erlang"], ids=lambda row: f"{row['c']}-{row['a']}")
def test_erlang_by_formula(row: dict[str, float]) -> None:
    servers, load = int(row["c"]), row["a"]
    assert queueing.erlang_b(servers, load) == pytest.approx(row["B"], abs=1e-8)
    assert queueing.erlang_c(servers, load) == pytest.approx(row["C"], abs=1e-7)
    assert queueing.mean_wait(servers, load) == pytest.approx(row["Wq_over_service"], abs=1e-7)


def test_too_much_load_makes_everybody_wait() -> None:
    assert queueing.erlang_c(2, 2) == 1


@pytest.mark.parametrize(("number", "calls"), [(1, 100_000), (4, 150_000)], ids=["2-1", "5-3"])
def test_erlang_by_simulation_to_one_percent(number: int, calls: int) -> None:
    """Calls enough that one percent is about two standard errors."""
    row = GOLDEN["erlang"][number]
    servers, load = row["c"], row["a"]
    lost = checks.erlang_run(servers, load, line=False, calls=calls, seed=3)
    assert checks.all_busy(lost) == within(0.01, row["B"])
    waits = checks.erlang_run(servers, load, line=True, calls=calls, seed=3)
    assert checks.all_busy(waits) == within(0.01, row["C"])


@pytest.mark.parametrize("right_angle", [False, True])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_square_root_law_to_two_percent(nth: int, right_angle: bool) -> None:
    law = queueing.nearest_distance(1.0, nth=nth, right_angle=right_angle)
    found = checks.strewn_distance(
        units=400, calls=10_000, seed=4, nth=nth, right_angle=right_angle
    )
    assert found == within(0.02, law)


def test_square_root_law_constants() -> None:
    known = GOLDEN["square_root_law"]
    assert queueing.nearest_distance(1.0) == pytest.approx(known["euclid_c"])
    bent = queueing.nearest_distance(1.0, right_angle=True)
    assert bent == pytest.approx(known["right_angle_c"])
    assert queueing.nearest_distance(4.0) == pytest.approx(known["euclid_c"] / 2)
