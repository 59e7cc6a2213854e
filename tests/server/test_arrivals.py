"""Honest arrivals are accused of nothing, fakes with telemetry are caught (seeded, smaller)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "arrivals.py"


def test_nobody_honest_is_accused_and_fakes_are_caught() -> None:
    spec = importlib.util.spec_from_file_location("arrivals", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    arrivals = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(arrivals)
    found = arrivals.run(240, seed=11)
    assert found["accused_at_any_look"] == 0
    assert found["honest_verified"] >= 150
    assert found["fakes_verified"] == 0
    assert found["caught_share"] >= 0.95
