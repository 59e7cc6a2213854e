"""Settings of what people are asked about and check, and of the feedback code as a weak label."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class LearningSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    audit_share: float = Field(
        0.02,
        gt=0,
        le=1,
        description="Share of all reports drawn at random for a person to label "
        "blind: the one audit that the figures on the model rest on.",
    )
    label_days: int = Field(
        14, ge=1, le=90, description="Reports of so many days may be put before a person."
    )
    feedback_codes: str = Field(
        "",
        description="Code table (TOML) of what the import's feedback codes (FKLBDM) mean, as a "
        "weak label; empty: they teach nothing.",
    )


class ReviewSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    spot_check_share: float = Field(
        0.02,
        ge=0,
        le=1,
        description="Share of what the model decided alone that a person checks in the review "
        "queue, the model's word in sight: a safety net, no figures on the model rest on it.",
    )
