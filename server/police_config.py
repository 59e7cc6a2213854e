"""Settings of telling the police of joint cases."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from server.domain.joint import NoticeRule


class PoliceSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        "",
        pattern=r"^(https?://[^\s?#]+)?$",
        description="Where joint cases are posted to the police; empty: the desk tells them.",
    )
    token: SecretStr = Field(SecretStr(""), description="Bearer token sent there.")
    timeout_s: float = Field(3, gt=0, le=30, description="Their answer is waited for so long.")
    attempts: int = Field(6, ge=1, le=20, description="Posts of one case before giving up.")
    retry_s: float = Field(2, ge=0.1, le=60, description="Pause after the first; it doubles.")
    remind_s: float = Field(60, ge=5, le=3600, description="Unanswered so long, ask again.")
    reminds: int = Field(3, ge=1, le=20, description="Reminders before it is called silence.")

    def rule(self) -> NoticeRule:
        return NoticeRule(**self.model_dump(include={"attempts", "retry_s", "remind_s", "reminds"}))
