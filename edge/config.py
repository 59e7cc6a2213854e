"""Settings of the edge agent: tables ``[mqtt]`` and ``[edge]`` of ``HOME/xiaonao.toml``.

``XIAONAO_MQTT__URL`` and the like come on top. The other tables belong to the server.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from edge.errors import ConfigError
from edge.listener_config import ListenerSettings, listening_address
from edge.mqtt_config import MqttSettings, split_url

SETTINGS_FILE = "xiaonao.toml"
ENV_PREFIX = "XIAONAO_"


class EdgeSettings(ListenerSettings):
    """How the agent listens, stores, judges and hands on."""

    server_url: str = Field(
        "http://127.0.0.1:8000", description="Where the server listens, http:// or https://."
    )
    token: SecretStr = Field(
        SecretStr(""), description="Bearer token of role edge; better kept in token_file."
    )
    token_file: str = Field(
        "", description="File holding the bearer token, in the home folder unless absolute."
    )
    http: str = Field(
        "",
        description="HOST:PORT for /healthz and /metrics of the agent; port 0 takes any; "
        "empty: off.",
    )
    outbox_rows: int = Field(
        2_000_000,
        ge=1000,
        description="Messages kept while the server is away; then states are shed, then "
        "positions, and what is left is refused.",
    )
    outbox_bytes: int = Field(
        2_147_483_648, ge=1_048_576, description="Bytes of messages kept; then the same."
    )
    outbox_days: float = Field(
        30, gt=0, le=3650, description="Older states and positions are shed; alarms never are."
    )
    dead_rows: int = Field(
        100_000, ge=10, description="Dead letters kept; then the oldest goes, and is counted."
    )
    max_payload_bytes: int = Field(
        1_048_576, ge=1024, description="A larger message is a dead letter, cut to this size."
    )
    commit_rows: int = Field(
        500, ge=1, le=65_535, description="Commit at the latest with this many messages in hand."
    )
    batch_rows: int = Field(500, ge=1, le=10_000, description="Messages in one batch upwards.")
    batch_bytes: int = Field(
        1_048_576, ge=4096, description="Bytes in one batch upwards, unless one message is larger."
    )
    request_timeout_s: float = Field(10, gt=0, le=120, description="Longest wait for the server.")
    retry_min_s: float = Field(0.5, gt=0, le=60, description="First wait after a failed batch.")
    retry_max_s: float = Field(30, gt=0, le=3600, description="Longest wait between attempts.")
    compress: Literal["auto", "yes", "no"] = Field(
        "auto", description="gzip upwards; auto: unless the server is on this machine."
    )
    heartbeat_s: float = Field(
        2, ge=0.1, le=60, description="The agent reports itself to the server this often."
    )
    gap_s: float = Field(
        120,
        ge=0,
        description="A missing sequence number holds back confirmation this long, then it is "
        "given up and counted; 0 waits for ever.",
    )
    bounds: tuple[float, float, float, float] | None = Field(
        None,
        description="The district as [south, west, north, east] in WGS-84 degrees; positions "
        "outside are marked. Empty: not checked.",
    )
    stale_s: float = Field(900, gt=0, description="A fix older than this on arrival is stale.")
    future_s: float = Field(60, ge=0, description="A clock may be ahead by this much.")
    accuracy_m: float = Field(200, gt=0, description="A fix less accurate than this is marked.")
    jump_mps: float = Field(70, gt=0, description="Nobody moves faster; such a fix is marked.")
    frozen_s: float = Field(
        600,
        gt=0,
        description="A place that stays the same to the last digit for so long, over ten fixes, "
        "is marked frozen; at once when the device says that it moves.",
    )

    @field_validator("server_url")
    @classmethod
    def _usable_url(cls, value: str) -> str:
        split_url(value, ("http", "https"))
        return value.rstrip("/")

    @field_validator("http")
    @classmethod
    def _usable_address(cls, value: str) -> str:
        return listening_address(value)

    @field_validator("bounds", mode="before")
    @classmethod
    def _bounds_from_text(cls, value: object) -> object:
        """The environment can only carry text: ``30.3,120.2,30.5,120.4``."""
        if isinstance(value, str):
            return [part for part in value.strip("[] ").split(",") if part.strip()] or None
        return value

    @field_validator("bounds")
    @classmethod
    def _ordered(
        cls, value: tuple[float, float, float, float] | None
    ) -> tuple[float, float, float, float] | None:
        if value is not None:
            south, west, north, east = value
            if not (-90 <= south < north <= 90 and -180 <= west < east <= 180):
                raise ValueError("write [south, west, north, east] in degrees")
        return value


@dataclass(frozen=True, slots=True)
class Settings:
    """What the agent runs on: its home folder and the two tables."""

    home: Path
    mqtt: MqttSettings
    edge: EdgeSettings

    @property
    def outbox_path(self) -> Path:
        return self.home / "outbox.db"


_TABLES: dict[str, type[BaseModel]] = {"mqtt": MqttSettings, "edge": EdgeSettings}


def load(home: Path, env: Mapping[str, str]) -> Settings:
    """Settings of a home folder, environment on top. Raises ConfigError naming the key."""
    tables = _read(home / SETTINGS_FILE)
    raw = {name: dict(_table(tables, name)) for name in _TABLES}
    for key, value in env.items():
        table, mark, field = key.removeprefix(ENV_PREFIX).lower().partition("__")
        if key.startswith(ENV_PREFIX) and mark and table in raw:
            raw[table][field] = value
    for name, model in _TABLES.items():
        _refuse_unknown(name, raw[name], model)
    return Settings(home, MqttSettings(**_valid("mqtt", raw)), EdgeSettings(**_valid("edge", raw)))


def token(settings: Settings) -> str:
    """The bearer token for the server; empty when none is set. Raises ConfigError."""
    given = settings.edge.token.get_secret_value()
    if given or not settings.edge.token_file:
        return given
    path = settings.home / settings.edge.token_file
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"Setting edge.token_file: {path} cannot be read; write the token there."
        ) from error


def _valid(name: str, raw: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    try:
        _TABLES[name].model_validate(raw[name])
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in (name, *fault["loc"]))
        raise ConfigError(f"Setting {where}: {fault['msg']}; correct it.") from error
    return raw[name]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is not valid TOML ({error}); correct that line.") from error


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables.get(name, {})
    if not isinstance(found, Mapping):
        raise ConfigError(f"Setting {name} is a table; write [{name}] above its keys.")
    return found


def _refuse_unknown(table: str, keys: Mapping[str, Any], model: type[BaseModel]) -> None:
    known = list(model.model_fields)
    for key in keys:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {table}.{close[0]}?" if close else f"known: {', '.join(known)}."
            raise ConfigError(f"Setting {table}.{key} is unknown; {hint}")
