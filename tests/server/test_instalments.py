"""A sum spread over instalments."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import Invalid
from server.domain.instalments import Every, schedule


def test_months_keep_the_day_where_they_have_it() -> None:
    parts = schedule(1000, 3, date(2026, 12, 31), Every.MONTH)
    assert [part.on for part in parts] == [
        date(2026, 12, 31),
        date(2027, 1, 31),
        date(2027, 2, 28),
    ]
    assert [part.amount_yuan for part in parts] == [333.33, 333.33, 333.34]
    weeks = schedule(None, 2, date(2026, 12, 31), Every.WEEK)
    assert [(part.on, part.amount_yuan) for part in weeks] == [
        (date(2026, 12, 31), None),
        (date(2027, 1, 7), None),
    ]
    assert schedule(5, 2, date(2026, 11, 30), Every.QUARTER)[1].on == date(2027, 2, 28)


@given(
    cents=st.integers(0, 10**11),
    count=st.integers(1, 12),
    first=st.dates(date(2020, 1, 1), date(2090, 1, 1)),
    every=st.sampled_from(Every),
)
def test_parts_add_up_and_go_forward(cents: int, count: int, first: date, every: Every) -> None:
    parts = schedule(cents / 100, count, first, every)
    assert len(parts) == count
    assert sum(round((part.amount_yuan or 0) * 100) for part in parts) == cents
    days = [part.on for part in parts]
    assert days == sorted(set(days))
    assert days[0] == first


@pytest.mark.parametrize(
    ("total", "count", "first"),
    [(-1.0, 2, date(2026, 1, 1)), (1e10, 2, date(2026, 1, 1)), (1.0, 0, date(2026, 1, 1))],
)
def test_what_is_no_plan_is_refused(total: float, count: int, first: date) -> None:
    with pytest.raises(Invalid):
        schedule(total, count, first, Every.MONTH)


def test_the_end_of_the_calendar_is_refused() -> None:
    with pytest.raises(Invalid):
        schedule(None, 3, date(9999, 12, 1), Every.MONTH)
