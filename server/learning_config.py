"""Settings of what people are asked about, and of the feedback code as a weak label."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class LearningSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    audit_share: float = Field(
        0.02, gt=0, le=1, description="Share of reports drawn at random for a person to label."
    )
    label_days: int = Field(
        14, ge=1, le=90, description="Reports of so many days may be put before a person."
    )
    feedback_codes: str = Field(
        "",
        description="Code table (TOML) of what the import's feedback codes (FKLBDM) mean, as a "
        "weak label; empty: they teach nothing.",
    )
