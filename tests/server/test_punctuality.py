"""Steps against their clocks: the rules, and what the tables give, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.domain.case import Refusal, Step
from server.domain.errors import Invalid
from server.domain.evidence import Verdict
from server.domain.punctuality import By, Timed, figures, groups, percentile
from server.domain.roles import Actor
from server.domain.sla import DeadlineState
from server.office import Office
from server.services import dispatch, punctuality, tracking
from server.sweep import sweep_once

ZONE = ZoneInfo("Asia/Shanghai")
NINE = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
"""Nine in the morning of the street."""


def timed(
    seconds: float | None,
    state: str,
    verdict: str | None = None,
    *,
    unit: str = "a",
    hours: int = 0,
) -> Timed:
    return Timed(
        step=Step.ARRIVED,
        unit_id=unit,
        unit_name=f"{unit}组",
        point="顺达" if unit == "a" else "康乐",
        handed_over_at=NINE + timedelta(hours=hours),
        state=DeadlineState(state),
        seconds=seconds,
        verdict=Verdict(verdict) if verdict else None,
    )


SEEN = [
    timed(100, "met", "verified"),
    timed(200, "met", "claimed_only"),
    timed(300, "met", "contradicted", unit="b", hours=3),
    timed(600, "missed", "verified", unit="b", hours=3),
    timed(None, "missed", unit="b", hours=15),
    timed(None, "void"),
    timed(50, "running", "verified", hours=15),
]


def test_claims_and_proof_are_counted_apart() -> None:
    found = figures(SEEN)
    assert [one.step for one in found] == [step.value for step in Step]
    arrived = found[-1]
    assert (arrived.count, arrived.met, arrived.missed) == (5, 3, 2)
    assert (arrived.p50_s, arrived.compliance) == (200.0, 0.6)
    assert (arrived.verified, arrived.verified_met) == (3, 1)
    assert (arrived.verified_p50_s, arrived.verified_compliance) == (100.0, 0.2)
    assert arrived.few
    assert (found[0].count, found[0].p50_s, found[0].compliance) == (0, None, None)


def test_groups_by_unit_point_and_local_hour_add_up_to_the_whole() -> None:
    whole = groups(SEEN, By.ALL, ZONE)[0].steps[-1]
    assert [g.key for g in groups(SEEN, By.UNIT, ZONE)] == ["a", "b"]
    assert {g.name for g in groups(SEEN, By.POINT, ZONE)} == {"顺达", "康乐"}
    assert [g.key for g in groups(SEEN, By.HOUR, ZONE)] == ["0", "9", "12"]
    for by in By:
        parts = [group.steps[-1] for group in groups(SEEN, by, ZONE)]
        assert sum(part.count for part in parts) == whole.count
        assert sum(part.met + part.missed for part in parts) == whole.met + whole.missed
        assert sum(part.verified_met for part in parts) == whole.verified_met
    assert groups([], By.UNIT, ZONE) == ()


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 90, None), ([7.04], 90, 7.0), ([0, 10], 50, 5.0), (range(11), 90, 9.0)],
)
def test_percentiles(values: list[float], percent: int, expected: float | None) -> None:
    assert percentile(values, percent) == expected


def test_a_slow_unit_and_a_quick_one(
    street: Office, clock, file, open_dispute, dispatcher: Actor, mediator: Actor
) -> None:
    since = clock()
    case_id = open_dispute(street, file, dispatcher)
    clock.forward(200)
    sweep_once(street)  # nobody signed: missed, and on to the next
    quick = tracking.post_step(
        street, case_id, Step.SIGNED, at=None, key="signed-1", actor=dispatcher
    )
    assert quick.step == "signed"
    clock.forward(60)
    found = punctuality.step_groups(street, since=since, until=clock())
    units = {g.key: g.steps[0] for g in found if g.by == By.UNIT}
    assert (units["near"].missed, units["near"].count) == (1, 0)
    taker = next(unit for unit, signed in units.items() if signed.count)
    assert taker != "near"
    assert (units[taker].met, units[taker].p50_s) == (1, 0.0)
    assert units[taker].verified_met == 0, "somebody else signed for the unit"
    assert [g.by for g in found if g.by == By.ALL] == ["all"]
    with pytest.raises(Invalid):
        punctuality.step_groups(street, since=clock(), until=since)


def test_a_case_handed_back_in_time_counts_for_nobody(
    street: Office, clock, file, open_dispute, dispatcher: Actor, mediator: Actor
) -> None:
    since = clock()
    case_id = open_dispute(street, file, dispatcher)
    clock.forward(10)
    dispatch.refuse(street, case_id, Refusal.RELATED, mediator)
    clock.forward(10)
    found = punctuality.step_groups(street, since=since, until=clock())
    near = next(g for g in found if g.by == By.UNIT and g.key == "near").steps[0]
    assert (near.met, near.missed, near.compliance) == (0, 0, None)
