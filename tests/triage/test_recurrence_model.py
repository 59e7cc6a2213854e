"""The shipped rule: its sums, its formula, its drivers, what it may know, and its refit."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.errors import BadRow
from triage.foresight import Foresight
from triage.recurrence import History
from triage.recurrence_model import (
    CALL_HALF_LIVES,
    DISPUTE_HALF_LIVES,
    MEASURES,
    Past,
    RiskModel,
    measures,
    model_of,
)
from triage.rows import Event, event_of
from triage.shipped import recurrence_text
from triage.trail import Trail
from triage.training.recurrence_city import City, made_up_log
from triage.training.recurrence_fit import fit_risk
from triage.training.recurrence_labels import lessons_of
from triage.training.recurrence_ship import as_toml

START = datetime(2026, 1, 1, tzinfo=UTC)
SHIPPED = model_of(recurrence_text())
SMALL = City(places=500, days=540, call_kinds=12, dispute_kinds=4)


def event(day: float, *keys: str, dispute: bool = True, kind: str = "噪音") -> Event:
    at = START + timedelta(days=day)
    return Event(f"{day}-{kind}", at, dispute, keys or ("place:甲",), kind)


days = st.lists(st.floats(0, 700), min_size=1, max_size=25).map(sorted)


@given(days, st.lists(st.booleans(), min_size=25, max_size=25))
def test_fading_sums_are_what_the_definition_says(times: list[float], which: list[bool]) -> None:
    trail, episodes, calls, last = Trail(0.0), [], [], None
    for day, dispute in zip(times, which, strict=False):
        trail.add(day, "噪音", dispute=dispute)
        if not dispute:
            calls.append(day)
            continue
        if last is None or day - last >= 0.25:
            episodes.append(day)
        last = day
    now = times[-1] + 10.0
    past = trail.past(now, "噪音", log_runs_for=now)
    for total, half in zip(past.disputes, DISPUTE_HALF_LIVES, strict=True):
        assert total == pytest.approx(sum(2 ** ((day - now) / half) for day in episodes))
    for total, half in zip(past.calls, CALL_HALF_LIVES, strict=True):
        assert total == pytest.approx(sum(2 ** ((day - now) / half) for day in calls))
    assert past.episodes == past.same_kind == len(episodes)
    assert past.since_last == (pytest.approx(now - episodes[-1]) if episodes else None)


def test_an_episode_that_goes_on_is_not_its_own_past() -> None:
    trail = Trail(0.0)
    trail.add(100.0, "噪音", dispute=True)
    again = trail.past(100.1, "噪音", log_runs_for=100.1)
    assert again.since_last is None
    assert again.episodes == 0
    assert again.disputes == pytest.approx([0.0] * 5, abs=1e-12)


def test_the_closed_formula_by_hand() -> None:
    past = Past(
        (1.0, 2.0, 3.0, 4.0, 5.0), (1.0, 6.0), 6, 12.0, 40.0, 300.0, 400.0, 2, {"噪音": 3.0}
    )
    logits = dict(zip(MEASURES, SHIPPED.weights, strict=True))
    by_hand = SHIPPED.intercept
    for name, total in zip(MEASURES[:5], past.disputes, strict=True):
        by_hand += logits[name] * math.log(1 + total)
    by_hand += logits["calls_30d"] * math.log(2) + logits["calls_240d"] * math.log(7)
    by_hand += logits["episodes"] * math.log(7) + logits["since_last"] * math.log(12.5)
    by_hand += logits["since_last_but_one"] * math.log(40.5) + logits["known_for"] * math.log(301)
    by_hand += logits["log_runs_for"] * math.log(430) + logits["same_kind"] * math.log(3)
    by_hand += logits["kinds"] * math.log(2)
    assert SHIPPED.probability(past, "噪音") == pytest.approx(1 / (1 + math.exp(-by_hand)))


@settings(max_examples=50)
@given(days, st.sampled_from(["噪音", "漏水"]))
def test_drivers_add_up_to_what_the_past_adds(times: list[float], kind: str) -> None:
    trail = Trail(0.0)
    for day in times:
        trail.add(day, "噪音", dispute=day > 100)
    past = trail.past(710.0, kind, log_runs_for=710.0)
    model = replace(SHIPPED, kind_weights={"噪音": 0.3})
    history = History(0, 1, 3, 4, 12.0)
    risk = model.judge(history, past, kind)
    alone = model.probability(Past(log_runs_for=710.0), kind)
    told = sum(effect for _, effect in risk.drivers)
    assert told == pytest.approx(risk.risk_90d - alone, abs=0.003)
    assert {name for name, _ in risk.drivers} <= {
        "近90天3次",
        "近一年4次",
        "距上次12天",
        f"此处警情{sum(past.kinds.values()):.0f}次",
    }


def test_longer_is_likelier() -> None:
    risk = SHIPPED.judge(History(), Past())
    assert risk.risk_30d is not None
    assert risk.risk_365d is not None
    assert risk.risk_30d < risk.risk_90d < risk.risk_365d
    assert list(risk.as_json())[:3] == ["risk_90d", "risk_30d", "risk_365d"]


def test_more_and_fresher_disputes_mean_more_risk() -> None:
    foresight = Foresight(SHIPPED, [event(-400, "place:丙")])
    risks = [foresight.risk_of(event(day)).risk_90d for day in (0, 100, 110, 115, 117)]
    assert risks == sorted(risks)
    assert risks[-1] > 2 * risks[0]
    assert foresight.risk_of(event(118, "place:乙")).risk_90d < risks[1]


def test_what_comes_later_changes_nothing() -> None:
    log = made_up_log(SMALL, seed=3)[:3000]
    told = [Foresight(SHIPPED).risk_of(one) for one in log[:1]]
    whole, part = Foresight(SHIPPED), Foresight(SHIPPED)
    told = [whole.risk_of(one) for one in log]
    assert told[:1500] == [part.risk_of(one) for one in log[:1500]]


def test_history_given_beside_the_stream_counts_once() -> None:
    log = made_up_log(SMALL, seed=3)[:2000]
    alone = Foresight(SHIPPED)
    wanted = [alone.risk_of(one) for one in log]
    doubled = Foresight(SHIPPED, log[:1500])
    assert [doubled.risk_of(one) for one in log] == wanted
    behind = Foresight(SHIPPED, log[:1500])
    assert [behind.risk_of(one) for one in log[1500:]] == wanted[1500:]


def test_two_keys_of_one_event_are_not_counted_twice() -> None:
    one, two = Foresight(SHIPPED), Foresight(SHIPPED)
    for day in (0, 20, 50):
        first = one.risk_of(event(day))
        second = two.risk_of(event(day, "place:甲", "party:李某某"))
    assert second == first


def test_a_call_that_is_no_dispute_has_the_count_rule() -> None:
    foresight = Foresight(SHIPPED)
    foresight.risk_of(event(0))
    risk = foresight.risk_of(event(5, dispute=False, kind="咨询"))
    assert risk.risk_90d == pytest.approx(1 - (476 / 566) ** 1.2)
    assert foresight.risk_of(event(9)).history == History(0, 1, 1, 1, 9.0)


@pytest.mark.parametrize(
    "wrong", [datetime(1900, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)]
)
def test_a_year_typed_wrong_breaks_nothing(wrong: datetime) -> None:
    foresight = Foresight(SHIPPED)
    for one in (event(0), replace(event(1), time=wrong), event(2)):
        assert 0 <= foresight.risk_of(one).risk_90d <= 1


@pytest.mark.parametrize("time", ["0001-01-02T00:00:00+00:00", "9999-01-01T00:00:00+00:00"])
def test_a_year_no_log_has_is_named(time: str) -> None:
    with pytest.raises(BadRow, match="outside the years 1900 to 2200"):
        event_of({"id": "1", "time": time})


def test_a_label_exists_only_when_its_window_has_passed() -> None:
    lessons = lessons_of([event(0), event(50), event(50.1), event(120, "place:乙")])
    assert [one.label(90) for one in lessons] == [True, None, None]
    assert [one.label(30) for one in lessons] == [False, False, None]


def test_the_refit_learns_what_a_kind_of_call_means() -> None:
    """Places where the kind 'sign' is seen call again; others do not: only the kind tells."""
    log = []
    for place in range(120):
        key, kind = f"place:{place}", "sign" if place % 2 else "other"
        first = 5.0 + place
        log += [event(first, key, dispute=False, kind=kind), event(first + 60, key)]
        log += [event(first + 80, key)] if place % 2 else []
    log.append(event(400, "place:last"))
    model = fit_risk(log, SHIPPED).model
    assert model.kind_weights["sign"] > 0.05 > -0.05 > model.kind_weights["other"]
    assert SHIPPED.kind_weights == {}


def test_the_refit_is_calibrated_and_beats_the_count_on_a_made_up_city() -> None:
    log = made_up_log(SMALL, seed=5)
    cut = log[0].time + timedelta(days=300)
    model = fit_risk([one for one in log if one.time < cut], SHIPPED).model
    tested = [one for one in lessons_of(log) if 300 <= one.past.log_runs_for <= 450]
    labels = np.array([bool(one.label(90)) for one in tested])
    risks = np.array([model.probability(one.past, one.kind) for one in tested])
    assert abs(risks.mean() - labels.mean()) < 0.08
    assert _auc(labels, risks) > 0.75


def test_too_short_a_log_leaves_the_shipped_weights() -> None:
    fitted = fit_risk([event(day) for day in range(0, 130, 4)], SHIPPED)
    assert fitted.model is SHIPPED
    assert 0 < fitted.lessons < 20
    assert fit_risk([], SHIPPED).lessons == 0


def test_the_shipped_file_reads_back() -> None:
    fitted = fit_risk(made_up_log(SMALL, seed=1), RiskModel(0.0, (0.0,) * len(MEASURES)))
    again = model_of(as_toml(fitted))
    assert again.weights == pytest.approx(fitted.model.weights, abs=1e-4)
    assert len(measures(Past())) == len(MEASURES) == len(SHIPPED.weights)


def _auc(labels: np.ndarray, risks: np.ndarray) -> float:
    ones, zeros = risks[labels], risks[~labels]
    wins = (ones[:, None] > zeros).mean() + 0.5 * (ones[:, None] == zeros).mean()
    return float(wins)
