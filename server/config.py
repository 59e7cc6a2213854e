"""All settings of an installation: one TOML file in the home folder, environment on top.

``HOME/xiaonao.toml`` holds tables named as below; ``XIAONAO_TABLE__KEY`` overrides a key. A key
nobody knows is an error with a suggestion, never silently ignored.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.config import EdgeSettings
from edge.mqtt_config import MqttSettings
from server.aftercare_config import AftercareSettings, DutySettings, SafetySettings
from server.domain.assignment import RankRule
from server.domain.evidence import EvidenceRule
from server.domain.linking import LinkRule
from server.domain.presence import Rule as PresenceRule
from server.domain.sla import Limits
from server.learning_config import LearningSettings, ReviewSettings
from server.map_config import MapSettings
from server.models_config import ModelsSettings
from server.police_config import PoliceSettings
from server.recurrence_config import RecurrenceSettings
from server.routing_config import RoutingSettings

SETTINGS_FILE = "xiaonao.toml"
ENV_PREFIX = "XIAONAO_"
RENAMED = {"review.audit_share": "review.spot_check_share"}


class ConfigError(Exception):
    """A setting is unknown or wrong; the message says which and what to write instead."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(Section):
    host: str = Field("127.0.0.1", description="Address the web server listens on.")
    port: int = Field(8000, ge=0, le=65_535, description="Port of the web server; 0 takes any.")
    threads: int = Field(16, ge=2, le=256, description="Threads for ordinary requests.")
    streams: int = Field(
        256, ge=1, le=1024, description="Live streams open at once; beyond it 503."
    )
    max_body_bytes: int = Field(4_194_304, ge=65_536, description="Largest request body taken.")
    secure_cookies: bool = Field(False, description="Set behind HTTPS: cookies travel by TLS only.")
    trusted_proxies: int = Field(0, ge=0, le=3, description="Reverse proxies in front of us.")


class DatabaseSettings(Section):
    url: str = Field(
        "", description="Empty: SQLite in the home folder. Else postgresql://user:pass@host/name."
    )


class SecuritySettings(Section):
    session_hours: float = Field(12, gt=0, le=168, description="A sign-in lasts this long.")
    login_limit: str = Field(
        "10 per minute;60 per hour", description="Sign-in attempts taken from one address."
    )


class IntakeSettings(Section):
    repeat_minutes: int = Field(
        60, ge=1, le=1440, description="The same caller again within this time is the same event."
    )
    repeat_dispute_hours: int = Field(
        72, ge=1, le=720, description="The same for disputes whose case is still open."
    )
    import_crs: Literal["WGS-84", "GCJ-02", "BD-09"] = Field(
        "GCJ-02", description="Datum of coordinates in imported exports."
    )

    def link_rule(self) -> LinkRule:
        return LinkRule(
            any_within=timedelta(minutes=self.repeat_minutes),
            dispute_within=timedelta(hours=self.repeat_dispute_hours),
        )


class DispatchSettings(Section):
    mode: Literal["auto", "suggest"] = Field(
        "auto", description="auto assigns the best unit at once; suggest waits for an operator."
    )
    detour: float = Field(1.3, ge=1, le=3, description="Road distance over air distance.")
    speed_kmh: float = Field(22, gt=0, le=120, description="Speed of a unit that names none.")
    stale_s: float = Field(900, gt=0, description="A position older than this says nothing.")
    load_s: float = Field(20, ge=0, description="Seconds one case of the last 24 h costs a unit.")
    familiar_s: float = Field(180, ge=0, description="Seconds in favour of who knows the parties.")
    skill_s: float = Field(90, ge=0, description="Seconds in favour of a skill that fits.")
    area_s: float = Field(60, ge=0, description="Seconds in favour of the community's own unit.")
    veteran_s: float = Field(90, ge=0, description="Seconds in favour of a veteran, with danger.")
    alone_s: float = Field(300, ge=0, description="Seconds against one alone beside the police.")

    def rank_rule(self) -> RankRule:
        return RankRule(**self.model_dump(exclude={"mode", "speed_kmh"}))


class DeadlineSettings(Section):
    signed_s: int = Field(60, ge=1, description="Seconds from hand-over to signing.")
    departed_s: int = Field(120, ge=1, description="Seconds from hand-over to leaving.")
    contacted_s: int = Field(180, ge=1, description="Seconds from hand-over to the first call.")
    arrived_s: int = Field(480, ge=1, description="Seconds from hand-over to arrival.")
    feedback_s: int = Field(3600, ge=1, description="Seconds from hand-over to first feedback.")
    closed_s: int = Field(86_400, ge=1, description="Seconds from hand-over to closing.")
    warn_share: float = Field(0.75, gt=0, lt=1, description="Warn when this share has passed.")

    def limits(self) -> Limits:
        return Limits(**self.model_dump())


class EvidenceSettings(Section):
    inside_m: float = Field(50, gt=0, description="Arrived when fixes lie within this radius.")
    inside_coarse_m: float = Field(80, gt=0, description="The same for a coarse address.")
    outside_m: float = Field(120, gt=0, description="Contradicted beyond this radius.")
    accuracy_m: float = Field(50, gt=0, description="Fixes less accurate than this prove nothing.")

    def rule(self) -> EvidenceRule:
        return EvidenceRule(**self.model_dump())


class PresenceSettings(Section):
    grace_s: float = Field(
        30, ge=0, le=3600, description="A device that left may come back unnoticed this long."
    )
    silent_s: float = Field(180, ge=10, le=86_400, description="Silent for so long is offline.")

    def rule(self) -> PresenceRule:
        return PresenceRule(
            grace=timedelta(seconds=self.grace_s), silent=timedelta(seconds=self.silent_s)
        )


class DevicesSettings(Section):
    broker: str = Field(
        "",
        description="Broker as devices reach it, mqtts://HOST:PORT; printed for new devices. "
        "Empty: mqtt.url, or the running one.",
    )


class DownSettings(Section):
    calls: bool = Field(True, description="Call a unit's devices when it is given a case.")
    expires_s: int = Field(120, ge=5, le=86_400, description="A call not delivered by then is off.")


class RetentionSettings(Section):
    track_days: int = Field(30, ge=1, description="Positions of people are kept this long.")
    frame_days: int = Field(30, ge=1, description="Masked pictures are kept this long.")
    dead_letter_days: int = Field(90, ge=1, description="Unreadable messages are kept this long.")


class PushSettings(Section):
    hosts: tuple[str, ...] = Field(
        (), description="Push services phones may use; empty: off, as in a closed network."
    )
    contact: str = Field(
        "mailto:admin@site.invalid",
        pattern=r"^(mailto:|https://)",
        description="Whom a push service may ask when pushes misbehave.",
    )


class DistrictSettings(Section):
    path: str = Field("", description="A district file of your own; empty takes the made-up one.")
    time_zone: str = Field("Asia/Shanghai", description="Local time of pages and statistics.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError("is not a time zone; write for example Asia/Shanghai") from error
        return value


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least serious messages that are logged."
    )


class Settings(Section):
    """Every table of the settings file."""

    http: HttpSettings = HttpSettings()
    database: DatabaseSettings = DatabaseSettings()
    mqtt: MqttSettings = MqttSettings()
    edge: EdgeSettings = EdgeSettings()
    security: SecuritySettings = SecuritySettings()
    intake: IntakeSettings = IntakeSettings()
    dispatch: DispatchSettings = DispatchSettings()
    routing: RoutingSettings = RoutingSettings()
    deadlines: DeadlineSettings = DeadlineSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    review: ReviewSettings = ReviewSettings()
    presence: PresenceSettings = PresenceSettings()
    down: DownSettings = DownSettings()
    recurrence: RecurrenceSettings = RecurrenceSettings()
    learning: LearningSettings = LearningSettings()
    devices: DevicesSettings = DevicesSettings()
    aftercare: AftercareSettings = AftercareSettings()
    duty: DutySettings = DutySettings()
    models: ModelsSettings = ModelsSettings()
    safety: SafetySettings = SafetySettings()
    police: PoliceSettings = PoliceSettings()
    retention: RetentionSettings = RetentionSettings()
    push: PushSettings = PushSettings()
    district: DistrictSettings = DistrictSettings()
    map: MapSettings = MapSettings()
    log: LogSettings = LogSettings()

    def database_url(self, home: Path) -> str:
        return self.database.url or f"sqlite:///{home / 'xiaonao.db'}"


def load(home: Path, env: Mapping[str, str] | None = None) -> Settings:
    """Settings of a home folder. Raises ConfigError in one sentence naming the key."""
    tables = _read_file(home / SETTINGS_FILE)
    for table, key, value in _overrides(os.environ if env is None else env):
        tables.setdefault(table, {})[key] = value
    _refuse_unknown(tables)
    try:
        return Settings.model_validate(tables)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise ConfigError(f"Setting {where}: {fault['msg']}; correct it.") from error


def sources(home: Path, env: Mapping[str, str] | None = None) -> dict[tuple[str, str], str]:
    """``file`` or ``environment`` for each ``(table, key)`` that is not left at its default."""
    found = {
        (table, key): "file"
        for table, keys in _read_file(home / SETTINGS_FILE).items()
        for key in keys
    }
    given = _overrides(os.environ if env is None else env)
    return found | {(table, key): "environment" for table, key, _ in given}


def known_keys() -> Iterator[tuple[str, str, str, Any]]:
    """``(table, key, description, default)`` of every setting, for checks and documentation."""
    for table, field in Settings.model_fields.items():
        model = field.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for key, info in model.model_fields.items():
                yield table, key, info.description or "", info.get_default()


def _read_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path.name} is not valid TOML: {error}; correct that line.") from error


def _overrides(env: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name, value in env.items():
        table, mark, key = name.removeprefix(ENV_PREFIX).lower().partition("__")
        if name.startswith(ENV_PREFIX) and mark:
            yield table, key, value


def _refuse_unknown(tables: Mapping[str, Any]) -> None:
    known = [f"{table}.{key}" for table, key, _, _ in known_keys()]
    names = set(Settings.model_fields)
    for table, keys in tables.items():
        if table not in names:
            raise ConfigError(_unknown(table, sorted(names)))
        if not isinstance(keys, Mapping):
            raise ConfigError(f"Setting {table} is a table; write [{table}] above its keys.")
        for key in keys:
            if f"{table}.{key}" not in known:
                raise ConfigError(_unknown(f"{table}.{key}", known))


def _unknown(name: str, known: list[str]) -> str:
    if name in RENAMED:
        return f"Setting {name} is now called {RENAMED[name]}; rename it."
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "see docs/REFERENCE.md for all settings."
    return f"Setting {name} is unknown; {hint}"
