"""Settings of what follows a closed case, and of cover by shifts."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from server.domain.aftercare import AftercareRule


class AftercareSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    officer_days: int = Field(1, ge=0, le=365, description="Officer visits after so many days.")
    village_days: int = Field(3, ge=0, le=365, description="The village visits after so many.")
    team_days: int = Field(7, ge=0, le=365, description="The team visits after so many.")
    centre_days: int = Field(1, ge=0, le=365, description="The conflict centre meets within.")
    callback_days: int = Field(3, ge=0, le=365, description="The parties are called after.")

    def rule(self) -> AftercareRule:
        return AftercareRule(**self.model_dump())


class SafetySettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    wait_at: str = Field(
        "", max_length=60, description="Where a recalled unit waits; empty: its own point."
    )
    contact: str = Field("指挥室", max_length=20, description="Whom a recalled unit calls.")
    phone: str = Field(
        "", pattern=r"^[0-9+ -]{0,20}$", description="Their number; empty: 110 only."
    )


class DutySettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    units_per_point: int = Field(
        1, ge=1, le=50, description="Units wanted on duty at each point at any time."
    )
    after_case: Literal["return", "stay"] = Field(
        "return",
        description="A unit returns to its post after a case or stays where it was.",
    )
    look_ahead_hours: int = Field(
        72, ge=1, le=744, description="Gaps in cover are shown for so many hours ahead."
    )
