"""The 90-day rule: its values, its drivers, its fit, and what counts as history."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.chronicle import Chronicle, history_of
from triage.errors import WrongUse
from triage.recurrence import Bands, History, Parameters, assess_risk, probability
from triage.rows import Event
from triage.training.recurrence_count import fit_recurrence, spells_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(number: int, day: float, *keys: str, dispute: bool = True) -> Event:
    return Event(str(number), START + timedelta(days=day), dispute, keys or ("place:甲",))


@pytest.mark.parametrize("n", [0, 1, 4, 12])
def test_the_formula(n: int) -> None:
    wanted = 1 - ((111 + 365) / (111 + 365 + 90)) ** (0.2 + n)
    assert probability(n) == pytest.approx(wanted, abs=1e-12)


def test_the_call_in_hand_counts_as_one_dispute() -> None:
    history = History(1, 1, 3, 4, 2.0)
    assert assess_risk(history).risk_90d == pytest.approx(probability(5))
    assert assess_risk(history, dispute=False).risk_90d == pytest.approx(probability(4))


def test_json_is_the_contracts() -> None:
    row = assess_risk(History(0, 1, 3, 4, 12.4)).as_json()
    assert set(row) == {"risk_90d", "band", "drivers", "history"}
    assert row["history"] == {
        "n_7d": 0,
        "n_30d": 1,
        "n_90d": 3,
        "n_365d": 4,
        "days_since_last": 12.4,
    }
    assert {name for name, _ in row["drivers"]} == {"近90天3次", "此前一年内1次", "距上次12天"}


def test_bands_follow_configuration() -> None:
    history = History(0, 0, 0, 1, 200.0)
    assert assess_risk(history).band == "medium"
    assert assess_risk(history, bands=Bands(0.5, 0.6, 0.7)).band == "low"
    assert assess_risk(History(9, 9, 9, 9, 0.1)).band == "very_high"


@given(st.integers(0, 5), st.integers(0, 9), st.integers(0, 30), st.booleans())
def test_drivers_add_up_to_what_history_adds(
    week: int, more: int, older: int, dispute: bool
) -> None:
    year = week + more + older
    history = History(week, week, week + more, year, 3.0 if year else None)
    risk = assess_risk(history, dispute=dispute)
    alone = assess_risk(History(), dispute=dispute).risk_90d
    assert sum(effect for _, effect in risk.drivers) == pytest.approx(risk.risk_90d - alone)
    assert all(effect > 0 for _, effect in risk.drivers)


@pytest.mark.parametrize("counts", [(2, 1, 1, 1), (-1, 0, 0, 0), (0, 0, 5, 4)])
def test_impossible_histories_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="counts"):
        History(*counts)


def test_history_links_by_place_and_by_party_and_counts_each_once() -> None:
    chronicle = Chronicle()
    for past in (
        event(1, 0, "place:甲", "party:李某某"),
        event(2, 100, "party:李某某"),
        event(3, 200, "place:乙"),
        event(4, 300, "place:甲", dispute=False),
    ):
        chronicle.add(past)
    now = event(5, 310, "place:甲", "party:李某某")
    history = history_of(chronicle.before(now), now.time)
    assert history == History(0, 0, 0, 2, 210.0)


def test_only_the_last_year_and_nothing_later_counts() -> None:
    chronicle = Chronicle()
    for number, day in enumerate((0, 400, 500)):
        chronicle.add(event(number, day))
    times = chronicle.before(event(9, 450))
    assert times == (START + timedelta(days=400),)


def test_an_event_without_place_or_party_has_no_history() -> None:
    chronicle = Chronicle()
    chronicle.add(Event("1", START, True, ()))
    assert chronicle.before(Event("2", START, True, ())) == ()


def test_the_fit_finds_the_rates_a_log_was_made_with() -> None:
    """Places with gamma distributed rates, so the rule is true of this log."""
    draw, events = random.Random(4), []
    for place in range(1500):
        rate, day = draw.gammavariate(0.6, 1 / 150), 0.0
        while (day := day + draw.expovariate(rate)) < 900:
            events.append(event(len(events), day, f"place:{place}"))
    fitted = fit_recurrence(events)
    assert 0.3 < fitted.shape < 1.2
    assert 100 < fitted.scale_days < 220
    assert fitted.window_days == Parameters().window_days


def test_a_spell_ends_with_the_log() -> None:
    last = spells_of([event(1, 0), event(2, 50), event(3, 80)])
    assert [(s.n, s.followed_days, s.returned) for s in last] == [
        (1, 50.0, True),
        (2, 30.0, True),
    ]


def test_too_short_a_log_is_refused() -> None:
    with pytest.raises(WrongUse, match="at least 20"):
        fit_recurrence([event(1, 0), event(2, 10)])
