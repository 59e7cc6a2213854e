"""Settings of the table ``[mqtt]``: how to reach the broker, and as whom."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

DEFAULT_CLIENT_ID = "xiaonao-edge"
MQTT_PORT = 1883
MQTT_TLS_PORT = 8883


class MqttSettings(BaseModel):
    """How to reach the broker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(
        "",
        description="Broker, mqtt://HOST:PORT or mqtts://HOST:PORT. Empty: the embedded one.",
    )
    username: str = Field("", description="User name at the broker; empty connects without one.")
    password: SecretStr = Field(SecretStr(""), description="Password at the broker.")
    client_id: str = Field(
        DEFAULT_CLIENT_ID,
        min_length=1,
        max_length=64,
        description="Client id. The broker keeps messages for it while the agent is away, so it "
        "must stay the same and belong to one agent only.",
    )
    version: Literal["5", "3.1.1"] = Field("5", description="MQTT version the broker speaks.")
    keep_alive_s: int = Field(
        30, ge=2, le=3600, description="A silent connection is dead after 1.5 times this."
    )
    session_expiry_s: int = Field(
        1_209_600,
        ge=60,
        le=4_294_967_294,
        description="The broker keeps our session this long while we are away (MQTT 5).",
    )
    receive_maximum: int = Field(
        1000, ge=1, le=65_535, description="Messages the broker may send before our answer."
    )
    connect_timeout_s: float = Field(5, gt=0, le=120, description="Longest wait for a connection.")
    ca_file: str = Field(
        "", description="CA certificates for mqtts; empty takes the machine's own."
    )
    cert_file: str = Field(
        "", description="Our certificate for mqtts (PEM), where the broker asks for one."
    )
    key_file: str = Field("", description="Its private key (PEM); empty: in cert_file.")
    share: str = Field(
        "",
        max_length=64,
        pattern=r"^[^\s/+#]*$",
        description="Name of a group of agents that split the load (MQTT 5 shared "
        "subscription); each needs a client_id and a home folder of its own. Empty: alone.",
    )

    @field_validator("url")
    @classmethod
    def _usable_url(cls, value: str) -> str:
        if value:
            split_url(value, ("mqtt", "mqtts"))
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.share and self.version != "5":
            raise ValueError("share needs version 5")
        if self.share and self.client_id == DEFAULT_CLIENT_ID:
            raise ValueError("share needs a client_id that no other agent of the group has")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file needs cert_file beside it")
        return self

    @property
    def host(self) -> str:
        return urlsplit(self.url or "mqtt://127.0.0.1").hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        fallback = MQTT_TLS_PORT if self.tls else MQTT_PORT
        return urlsplit(self.url).port or fallback

    @property
    def tls(self) -> bool:
        return urlsplit(self.url).scheme == "mqtts"


def split_url(url: str, schemes: tuple[str, ...]) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"write {schemes[0]}://HOST:PORT")
    if parts.username or parts.password:
        raise ValueError("keep user name and password out of the address; they have own settings")
    parts.port  # noqa: B018  raises ValueError when it is no port
    return parts
