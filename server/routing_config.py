"""Settings of how long rides are taken to last."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class RoutingSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="Routing engine of your own, http://HOST:PORT; empty: distance and history.",
    )
    api: Literal["osrm", "valhalla"] = Field(
        "osrm",
        description="What it speaks: OSRM's table service or Valhalla's matrix.",
    )
    profile: str = Field(
        "",
        pattern=r"^[a-z_]{0,32}$",
        description="OSRM profile or Valhalla costing; empty: bike, or motor_scooter.",
    )
    timeout_s: float = Field(
        0.8, gt=0, le=10, description="An answer later than this is not waited for."
    )
    failures: int = Field(
        3, ge=1, le=100, description="Failures in a row after which the engine is left alone."
    )
    pause_s: float = Field(30, ge=1, le=3600, description="For so long; then one question tries.")
    history: bool = Field(
        True, description="Without an engine's answer, use the pace of verified rides."
    )
