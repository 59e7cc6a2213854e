"""A sum spread over equal instalments, as a first draft of an agreement's table."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from server.domain.aftercare import MAX_INSTALMENTS
from server.domain.errors import Invalid

MAX_YUAN = 1e9


class Every(StrEnum):
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"


EVERY_NAMES_ZH = {Every.WEEK: "每周", Every.MONTH: "每月", Every.QUARTER: "每季"}
_MONTHS = {Every.MONTH: 1, Every.QUARTER: 3}


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the table. ``amount_yuan`` is None for an act that is no payment."""

    on: date
    amount_yuan: float | None


def schedule(total_yuan: float | None, count: int, first: date, every: Every) -> tuple[Part, ...]:
    """``count`` lines from ``first`` on; equal to the cent, the rest of the division in the last.

    A month without that day ends on its last one. Raises Invalid.
    """
    if not 1 <= count <= MAX_INSTALMENTS:
        raise Invalid("parts", f"请写1至{MAX_INSTALMENTS}期")
    if total_yuan is not None and not 0 <= total_yuan <= MAX_YUAN:
        raise Invalid("amount_yuan", "金额请填0以上的数字，单位元")
    days = [_nth(first, number, every) for number in range(count)]
    if total_yuan is None:
        return tuple(Part(day, None) for day in days)
    cents = round(total_yuan * 100)
    each = cents // count
    amounts = [each] * (count - 1) + [cents - each * (count - 1)]
    return tuple(Part(day, amount / 100) for day, amount in zip(days, amounts, strict=True))


def _nth(first: date, number: int, every: Every) -> date:
    try:
        if every is Every.WEEK:
            return first + timedelta(weeks=number)
        year, month = divmod(first.year * 12 + first.month - 1 + number * _MONTHS[every], 12)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(first.day, last))
    except (ValueError, OverflowError) as error:
        raise Invalid("first", "首期日期太远，请改日期") from error
