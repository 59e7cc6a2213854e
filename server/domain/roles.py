"""Who may do what. Deny by default: an action that is not listed here is open to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    INTAKE = "intake"
    EDGE = "edge"
    DISPATCHER = "dispatcher"
    MEDIATOR = "mediator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Action(StrEnum):
    FILE_REPORT = "file_report"
    READ_REPORTS = "read_reports"
    READ_CASES = "read_cases"
    READ_UNITS = "read_units"
    READ_STATS = "read_stats"
    CORRECT = "correct"
    CORRECT_AT_DOOR = "correct_at_door"
    ASSIGN = "assign"
    ACT_ON_CASE = "act_on_case"
    SPEAK_FOR_POLICE = "speak_for_police"
    TAKE_FILE = "take_file"
    OVERRULE = "overrule"
    POST_TELEMETRY = "post_telemetry"
    FOLLOW_STREAM = "follow_stream"
    SEE_WALL = "see_wall"
    SEE_CONSOLE = "see_console"
    SEE_PHONE = "see_phone"
    READ_AUDIT = "read_audit"
    SEE_SETTINGS = "see_settings"
    MANAGE_USERS = "manage_users"
    FOLLOW_UP = "follow_up"
    CALL_BACK = "call_back"
    READ_DUTY = "read_duty"
    MANAGE_DUTY = "manage_duty"
    ACKNOWLEDGE_ALARM = "acknowledge_alarm"
    MANAGE_DEVICES = "manage_devices"
    HAND_DEVICE = "hand_device"
    MANAGE_MODELS = "manage_models"
    ADJUDICATE = "adjudicate"


_OFFICE = frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN})
_STAFF = _OFFICE | {Role.MEDIATOR}

ALLOWED: dict[Action, frozenset[Role]] = {
    Action.FILE_REPORT: frozenset({Role.INTAKE, Role.DISPATCHER, Role.ADMIN}),
    Action.READ_REPORTS: _OFFICE,
    Action.READ_CASES: _STAFF,
    Action.READ_UNITS: _STAFF,
    Action.READ_STATS: _OFFICE,
    Action.CORRECT: _OFFICE,
    Action.CORRECT_AT_DOOR: frozenset({Role.MEDIATOR}),
    Action.ASSIGN: frozenset({Role.DISPATCHER, Role.ADMIN}),
    Action.ACT_ON_CASE: frozenset({Role.DISPATCHER, Role.MEDIATOR}),
    Action.SPEAK_FOR_POLICE: _OFFICE,
    Action.TAKE_FILE: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
    Action.OVERRULE: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
    Action.POST_TELEMETRY: frozenset({Role.EDGE}),
    Action.FOLLOW_STREAM: _STAFF,
    Action.SEE_WALL: _STAFF,
    Action.SEE_CONSOLE: _OFFICE,
    Action.SEE_PHONE: frozenset({Role.MEDIATOR}),
    Action.READ_AUDIT: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.SEE_SETTINGS: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.MANAGE_USERS: frozenset({Role.ADMIN}),
    Action.FOLLOW_UP: _STAFF,
    Action.CALL_BACK: frozenset({Role.DISPATCHER, Role.SUPERVISOR}),
    Action.READ_DUTY: _STAFF,
    Action.MANAGE_DUTY: frozenset({Role.DISPATCHER, Role.ADMIN}),
    Action.ACKNOWLEDGE_ALARM: _OFFICE,
    Action.MANAGE_DEVICES: frozenset({Role.DISPATCHER, Role.ADMIN}),
    Action.HAND_DEVICE: frozenset({Role.DISPATCHER, Role.ADMIN, Role.MEDIATOR}),
    Action.MANAGE_MODELS: frozenset({Role.SUPERVISOR, Role.ADMIN}),
    Action.ADJUDICATE: frozenset({Role.SUPERVISOR, Role.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in user or a bearer token. ``unit_id`` only for mediators."""

    name: str
    role: Role
    unit_id: str | None = None

    def may(self, action: Action) -> bool:
        return self.role in ALLOWED.get(action, frozenset())


SYSTEM = "system"
