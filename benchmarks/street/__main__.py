"""Prints the policy table of the made-up street, or the comparison with textbook answers.

python -m benchmarks.street                    the table, 30 seeds of 90 days
python -m benchmarks.street --spread populated calls come where people live
python -m benchmarks.street --grid             rules, posts, staff and volume against each other
python -m benchmarks.street --golden           against tests/golden/dispatch.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.street import checks, grid, queueing
from benchmarks.street.ground import Ground
from benchmarks.street.scenarios import (
    Figures,
    Interval,
    Spread,
    Street,
    Volume,
    best,
    draw,
    measure,
)
from benchmarks.street.scenarios import interval as interval_of
from benchmarks.street.simulation import Outcome
from edge.shipped import shipped_district
from server.domain.coverage import Demand
from server.domain.demand import residents

GOLDEN = Path(__file__).parents[2] / "tests" / "golden" / "dispatch.json"
COARSE_KM, FINE_KM = 0.4, 0.2
"""Lattices on which posts are chosen, and on which their reach is measured."""


def main() -> None:
    wanted = _arguments()
    if wanted.golden:
        for name, known, found in _comparisons(wanted.seeds):
            print(
                f"{name:44} {known:9.5f} {found.mean:9.5f} ± {found.half:.5f}"
                f"  {found.mean / known - 1:+.2%}"
            )
        return
    ground = Ground(shipped_district())
    if wanted.grid:
        _print_grid(ground, wanted.seeds, wanted.spread)
        return
    volume = Volume(wanted.calls_per_day, wanted.days, wanted.scene_min, wanted.spread)
    draws = [draw(ground, volume, seed) for seed in range(wanted.seeds)]
    print(f"{wanted.seeds} seeds of {volume}; {wanted.units} units unless said; 8 min, detour 1.3")
    print("| street | posts reach | reached in 8 min | P90 min | waited | Gini | busy |")
    print("|---|---|---|---|---|---|---|")
    demand = _demand(ground, wanted.spread, FINE_KM)
    for street in _streets(ground, wanted.units, wanted.spread):
        print(_row(street.name, measure(ground, street, demand, draws)), flush=True)


def _print_grid(ground: Ground, seeds: int, spread: Spread) -> None:
    print(f"{seeds} seeds, calls {spread}; 20 km/h, 8 min, detour 1.3")
    print(
        "| calls a day | units | posts | rule | reached in 8 min | P90 min | waited | Gini | busy |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    coarse, fine = _demand(ground, spread, COARSE_KM), _demand(ground, spread, FINE_KM)
    for cell in grid.cells(ground, coarse, fine, seeds=seeds, spread=spread):
        print(grid.row(cell), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--golden", action="store_true", help="compare with textbook answers")
    parser.add_argument("--grid", action="store_true", help="rules × posts × staff × volume")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--calls-per-day", type=float, default=18.0)
    parser.add_argument("--scene-min", type=float, default=40.0)
    parser.add_argument("--units", type=int, default=20)
    parser.add_argument("--spread", choices=["even", "populated"], default="even")
    return parser.parse_args()


def _demand(ground: Ground, spread: str, step_km: float) -> tuple[Demand, ...]:
    return ground.lattice(step_km) if spread == "even" else residents(ground.district)


def _streets(ground: Ground, units: int, spread: str) -> Iterator[Street]:
    demand = _demand(ground, spread, COARSE_KM)
    points, apart = ground.points(), best(ground, demand, 4, speed_kmh=25)
    twelve, sixteen = best(ground, demand, 12), best(ground, demand, 16)
    yield Street("the district's 4 points, 20 km/h", points, units)
    yield Street("the district's 4 points, 25 km/h", points, units, 25)
    yield Street("4 points well apart, 20 km/h", apart, units)
    yield Street("4 points well apart, always the first, 20 km/h", apart, units, by_load=False)
    yield Street("4 points well apart, 25 km/h", apart, units, 25)
    for staff in (8, 10, 12, units):
        yield Street(f"stay where the last case ended, {staff} units", apart, staff, stays=True)
    yield Street("12 posts", twelve, units)
    yield Street("12 posts, always the first", twelve, units, by_load=False)
    yield Street("12 posts, one unit each", twelve, 12)
    yield Street("16 posts", sixteen, units)


def _row(name: str, figures: Figures) -> str:
    reach = "" if figures.reachable is None else f"{figures.reachable:.1%}"
    cells = (
        name,
        reach,
        f"{figures.reached.mean:.1%} ± {figures.reached.half:.1%}",
        f"{figures.p90_min.mean:.1f} ± {figures.p90_min.half:.1f}",
        f"{figures.waited.mean:.2%}",
        f"{figures.gini.mean:.2f} ± {figures.gini.half:.2f}",
        f"{figures.busy.mean:.1%}",
    )
    return f"| {' | '.join(cells)} |"


def _comparisons(seeds: int) -> Iterator[tuple[str, float, Interval]]:
    """(what, textbook, simulated) with 100,000 calls a seed."""
    golden = json.loads(GOLDEN.read_text("utf-8"))
    cube = golden["hypercube_3server"]
    groups = checks.groups_of(cube)
    for line, key in ((True, "infinite_line"), (False, "zero_line")):
        outs = [
            checks.hypercube_run(groups, line=line, calls=100_000, seed=s) for s in range(seeds)
        ]
        for unit, known in enumerate(cube[key]["workload"]):
            found = interval_of([checks.workloads(out)[unit] for out in outs])
            yield f"hypercube {key}, workload {unit + 1}", known, found
        known = cube[key]["P_all_busy_incl_queue"] if line else cube[key]["loss"]
        yield f"hypercube {key}, all busy", known, _over(outs, checks.all_busy)
    for width, key in ((0.5, "w=1/2"), (53 / 126, "w*=53/126")):
        outs = [checks.city_run(width, 1.25, calls=100_000, seed=s) for s in range(seeds)]
        city = golden["two_server_533"][key]
        yield (
            f"two servers {key}, travel",
            city["T"],
            _over(outs, lambda o: sum(o.response_s) / len(o.response_s)),
        )
    for row in golden["erlang"]:
        for line, key in ((False, "B"), (True, "C")):
            outs = [
                checks.erlang_run(row["c"], row["a"], line=line, calls=100_000, seed=s)
                for s in range(seeds)
            ]
            yield (
                f"Erlang {key}, {row['c']} servers, load {row['a']}",
                row[key],
                _over(outs, checks.all_busy),
            )
    for nth in (1, 2):
        for bent in (False, True):
            distances = [
                checks.strewn_distance(units=900, calls=4000, seed=s, nth=nth, right_angle=bent)
                for s in range(seeds)
            ]
            known = queueing.nearest_distance(1.0, nth=nth, right_angle=bent)
            yield f"distance to unit {nth}, right-angle {bent}", known, interval_of(distances)


def _over(outcomes: list[Outcome], figure: Callable[[Outcome], float]) -> Interval:
    return interval_of([figure(outcome) for outcome in outcomes])


if __name__ == "__main__":
    main()
