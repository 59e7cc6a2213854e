"""Settings of training and promotion."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ModelsSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    train_minutes: int = Field(
        90, ge=1, le=1440, description="A training run that takes longer is ended."
    )
    train_memory_mb: int = Field(
        4096, ge=256, le=1_048_576, description="Most working memory a training run may take."
    )
    second_approver: bool = Field(
        False, description="A model serves only when a second person agrees."
    )
    shadow_reports: int = Field(
        0,
        ge=0,
        le=20_000,
        description="Reports a model must have read in shadow before it may serve.",
    )
