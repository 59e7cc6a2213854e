"""How likely a dispute returns within 90 days, from counts of earlier disputes.

The gamma–Poisson rule ``1 - ((b+T) / (b+T+90)) ** (a+n)``: disputes of one place or pair of
parties arrive at a rate that is itself gamma distributed (shape ``a``, ``b`` days). ``n`` is the
number seen in the ``T`` days up to and including the call in hand. The shipped ``a = .20``,
``b = 111`` were fitted on a public log of 2,996 dispute calls of one town (another 2,840 calls:
AUC .846, Brier .150, calibration error .033).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

HORIZON_DAYS = 90.0


@dataclass(frozen=True, slots=True)
class Parameters:
    """``shape`` has no unit; ``scale_days`` and ``window_days`` are days."""

    shape: float = 0.20
    scale_days: float = 111.0
    window_days: float = 365.0


@dataclass(frozen=True, slots=True)
class Bands:
    """The least risk of each band above ``low``; a site's configuration may set its own."""

    medium: float = 0.15
    high: float = 0.40
    very_high: float = 0.70

    def of(self, risk: float) -> str:
        """``low``, ``medium``, ``high`` or ``very_high``."""
        if risk >= self.very_high:
            return "very_high"
        if risk >= self.high:
            return "high"
        return "medium" if risk >= self.medium else "low"


SHIPPED = Parameters()
SHIPPED_BANDS = Bands()
BAND_NAMES_ZH = {"low": "低", "medium": "中", "high": "高", "very_high": "很高"}


@dataclass(frozen=True, slots=True)
class History:
    """Earlier disputes, the call in hand not among them; ``days_since_last`` None if none."""

    n_7d: int = 0
    n_30d: int = 0
    n_90d: int = 0
    n_365d: int = 0
    days_since_last: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.n_7d <= self.n_30d <= self.n_90d <= self.n_365d:
            raise ValueError("counts must not be negative, nor fall as the window grows")
        if self.days_since_last is not None and self.days_since_last < 0:
            raise ValueError("days_since_last must not be negative")

    def as_json(self) -> dict[str, float | int | None]:
        return {
            "n_7d": self.n_7d,
            "n_30d": self.n_30d,
            "n_90d": self.n_90d,
            "n_365d": self.n_365d,
            "days_since_last": self.days_since_last,
        }


@dataclass(frozen=True, slots=True)
class Risk:
    """``risk_90d`` in 0–1; ``drivers`` are (Chinese name, part of the risk), biggest first."""

    risk_90d: float
    band: str
    drivers: tuple[tuple[str, float], ...]
    history: History
    risk_30d: float | None = None
    risk_365d: float | None = None

    def as_json(self) -> dict[str, Any]:
        longer = {"risk_30d": self.risk_30d, "risk_365d": self.risk_365d}
        return {
            "risk_90d": round(self.risk_90d, 4),
            **{name: round(risk, 4) for name, risk in longer.items() if risk is not None},
            "band": self.band,
            "drivers": [[name, round(effect, 4)] for name, effect in self.drivers],
            "history": self.history.as_json(),
        }


def probability(n: float, parameters: Parameters = SHIPPED) -> float:
    """Chance of at least one more dispute in 90 days after ``n`` in the window."""
    seen = parameters.scale_days + parameters.window_days
    return float(1.0 - (seen / (seen + HORIZON_DAYS)) ** (parameters.shape + n))


def assess_risk(
    history: History,
    *,
    dispute: bool = True,
    parameters: Parameters = SHIPPED,
    bands: Bands = SHIPPED_BANDS,
) -> Risk:
    """The risk after a call with this history; ``dispute`` says if the call itself is one."""
    in_hand = 1 if dispute else 0
    risk = probability(history.n_365d + in_hand, parameters)
    return Risk(risk, bands.of(risk), _drivers(history, in_hand, parameters), history)


def _drivers(
    history: History, in_hand: int, parameters: Parameters
) -> tuple[tuple[str, float], ...]:
    """Parts that add up to the risk less that of a call without any history."""

    def at(n: int) -> float:
        return probability(n + in_hand, parameters)

    if not history.n_365d:
        return ()
    n, recent, last = history.n_365d, history.n_90d, history.days_since_last
    earlier = n - recent
    newest_from = n if last is None else n - 1
    older_from = min(earlier, newest_from)
    parts = [
        (f"近90天{recent}次", at(newest_from) - at(older_from)),
        (f"此前一年内{earlier}次", at(older_from) - at(0)),
    ]
    if last is not None:
        parts.append((f"距上次{days_in_words(last)}", at(n) - at(newest_from)))
    kept = [part for part in parts if part[1] > 0]
    return tuple(sorted(kept, key=lambda part: -part[1]))


def days_in_words(days: float) -> str:
    return "不到1天" if days < 1 else f"{int(days)}天"
