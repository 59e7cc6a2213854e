"""A band of the day's hours, as the street's clock shows them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from server.domain.errors import Invalid

_SAID = re.compile(r"(\d{1,2})\s*[-–]\s*(\d{1,2})")
_DAY_H = 24


@dataclass(frozen=True, slots=True)
class Hours:
    """From the full hour ``start`` (0–23) to before ``end`` (1–24); past midnight when ``end`` is
    not after ``start``."""

    start: int
    end: int

    @classmethod
    def parse(cls, said: str) -> Hours:
        """``18-24`` or ``22-6``; Invalid for anything else."""
        found = _SAID.fullmatch(said.strip())
        start, end = (int(x) for x in found.groups()) if found else (-1, -1)
        if not (0 <= start < _DAY_H and 1 <= end <= _DAY_H and start != end):
            raise Invalid("hours", "say two full hours, for example 18-24 or 22-6")
        return cls(start, end)

    @property
    def length_h(self) -> int:
        return (self.end - self.start) % _DAY_H or _DAY_H

    def hold(self, local: datetime) -> bool:
        """Whether this moment of the street's clock lies in the band, on any day."""
        return (local.hour - self.start) % _DAY_H < self.length_h

    def next_middle(self, local: datetime) -> datetime:
        """The first middle of the band that is not past."""
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        middle = midnight + timedelta(hours=self.start + self.length_h / 2)
        while middle - timedelta(days=1) >= local:
            middle -= timedelta(days=1)
        while middle < local:
            middle += timedelta(days=1)
        return middle

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


QUARTERS = (Hours(0, 6), Hours(6, 12), Hours(12, 18), Hours(18, 24))
