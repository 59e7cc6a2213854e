"""How long to wait before a part that died is started again. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling from ``first_s`` to ``longest_s``; a part that lived ``steady_s`` starts anew."""

    first_s: float = 0.5
    longest_s: float = 30
    steady_s: float = 60

    def deaths_in_a_row(self, before: int, *, lived_s: float) -> int:
        return 1 if lived_s >= self.steady_s else before + 1

    def delay_s(self, deaths_in_a_row: int) -> float:
        """Seconds until the next start; never above ``longest_s``."""
        doublings = min(max(deaths_in_a_row - 1, 0), 16)
        return float(min(self.first_s * 2**doublings, self.longest_s))
