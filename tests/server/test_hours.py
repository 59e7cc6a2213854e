"""Bands of the day's hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import Invalid
from server.domain.hours import QUARTERS, Hours

HERE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=HERE)


@pytest.mark.parametrize(
    ("said", "hours"), [("18-24", (18, 24)), ("22-6", (22, 6)), (" 0 – 24 ", (0, 24))]
)
def test_two_full_hours_are_a_band(said: str, hours: tuple[int, int]) -> None:
    assert Hours.parse(said) == Hours(*hours)


@pytest.mark.parametrize("said", ["", "18", "18-25", "24-6", "6-6", "6:30-8", "-1-4", "a-b"])
def test_anything_else_is_refused(said: str) -> None:
    with pytest.raises(Invalid, match="18-24"):
        Hours.parse(said)


def test_a_band_may_run_past_midnight() -> None:
    night = Hours(22, 6)
    assert night.length_h == 8
    held = [hour for hour in range(24) if night.hold(NOON.replace(hour=hour))]
    assert held == [0, 1, 2, 3, 4, 5, 22, 23]
    assert night.next_middle(NOON) == NOON + timedelta(hours=14)
    assert night.next_middle(NOON.replace(hour=1)) == NOON.replace(hour=2)


@given(st.integers(0, 366 * 24 * 60))
def test_every_moment_is_in_one_quarter_and_its_middle_is_ahead(minutes: int) -> None:
    at = NOON + timedelta(minutes=minutes)
    assert sum(band.hold(at) for band in QUARTERS) == 1
    for band in (*QUARTERS, Hours(22, 6), Hours(0, 24)):
        middle = band.next_middle(at)
        assert at <= middle < at + timedelta(days=1)
        assert band.hold(middle)
