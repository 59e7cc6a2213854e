"""Settings of recurrence: bands, follow-up days, and what makes a finding."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from server.domain.findings import FindingRule
from triage.recurrence import Bands


class RecurrenceSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    visit_cost: float = Field(1, gt=0, description="What one visit costs, in any unit.")
    relapse_cost: float = Field(
        4, gt=0, description="What one relapse costs when nobody went, in the same unit."
    )
    visit_effect: float = Field(
        0.5, gt=0, le=1, description="Share of relapses that a visit prevents; an assumption."
    )
    very_high_times: float = Field(
        1.6, gt=1, le=10, description="Red when a visit is worth so many times its cost."
    )
    follow_up_days: tuple[int, int, int, int] = Field(
        (1, 3, 7, 30),
        description="Visit within days of the last dispute: red, orange, yellow, blue.",
    )
    colours: tuple[str, str, str, str] = Field(
        ("红", "橙", "黄", "蓝"), description="Names of the bands, from very high to low."
    )
    active_days: int = Field(90, ge=1, le=365, description="A dispute is active for so many days.")
    relapse_days: int = Field(90, ge=1, le=365, description="Window of a relapse.")
    place_callers: int = Field(
        3, ge=2, description="Different callers that make a place a finding."
    )
    place_calls: int = Field(5, ge=2, description="Calls in a year that make a place a finding.")
    abuse_calls: int = Field(30, ge=3, description="Calls of one person that make abuse a finding.")
    abuse_days: int = Field(80, ge=1, le=365, description="The time for them.")

    @model_validator(mode="after")
    def _in_order(self) -> RecurrenceSettings:
        if list(self.follow_up_days) != sorted(self.follow_up_days):
            raise ValueError("follow_up_days must not fall from red to blue")
        return self

    def bands(self) -> Bands:
        """Yellow where a visit saves as much as it costs: ``visit / (effect × relapse)``; orange
        half way to red, red at ``very_high_times`` of it, all held below 1."""
        even = min(self.visit_cost / (self.visit_effect * self.relapse_cost), 0.9)
        top = min(even * self.very_high_times, 0.95)
        return Bands(even, (even + top) / 2, top)

    def finding_rule(self) -> FindingRule:
        return FindingRule(
            place_callers=self.place_callers,
            place_calls=self.place_calls,
            abuse_calls=self.abuse_calls,
            abuse_days=self.abuse_days,
            relapse_days=self.relapse_days,
        )
