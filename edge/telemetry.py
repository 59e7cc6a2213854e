"""The messages devices send, as frozen values (contract section 8).

Instants are aware and in UTC, positions in WGS-84 degrees; the datum a device reported is kept
as ``crs_reported``. Reading JSON into these values is in ``edge.decoding``, writing them in
``edge.encoding``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edge.datum import Crs

VERSION = 1

Kind = Literal["position", "status", "alarm", "ptt", "frame", "presence", "receipt"]
KINDS: tuple[Kind, ...] = (
    "position",
    "status",
    "alarm",
    "ptt",
    "frame",
    "presence",
    "receipt",
)

AlarmKind = Literal["sos", "fall", "tamper", "low_battery", "storage_full", "camera_fault"]
ALARM_KINDS: tuple[AlarmKind, ...] = (
    "sos",
    "fall",
    "tamper",
    "low_battery",
    "storage_full",
    "camera_fault",
)
PresenceState = Literal["online", "offline"]
PRESENCE_STATES: tuple[PresenceState, ...] = ("online", "offline")
ReceiptOutcome = Literal["received", "read", "refused"]
RECEIPT_OUTCOMES: tuple[ReceiptOutcome, ...] = ("received", "read", "refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who sent a message, and which one of its run it is: ``(device_id, boot, seq)`` is unique.

    ``lowest_held`` is the lowest sequence number the device still holds, where it says so:
    what lies below will not come any more.
    """

    device_id: str
    boot: str
    seq: int
    sent_at: datetime
    lowest_held: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A place at ``fix_time``, WGS-84 degrees."""

    fix_time: datetime
    lat: float
    lon: float
    crs_reported: Crs = "WGS-84"
    accuracy_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None
    satellites: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A fix, or None when the device says it has none."""

    origin: Origin
    fix: Fix | None
    kind: Literal["position"] = "position"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    origin: Origin
    battery_pct: float | None = None
    signal_dbm: float | None = None
    network: str | None = None
    storage_free_mb: float | None = None
    recording: bool | None = None
    worn: bool | None = None
    charging: bool | None = None
    temperature_c: float | None = None
    firmware: str | None = None
    kind: Literal["status"] = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    origin: Origin
    alarm: AlarmKind
    active: bool
    fix: Fix | None = None
    kind: Literal["alarm"] = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ptt:
    """A push-to-talk call; ``ended_at`` is None while it lasts."""

    origin: Origin
    talkgroup: str
    started_at: datetime
    ended_at: datetime | None = None
    kind: Literal["ptt"] = "ptt"


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraQuality:
    """What is wrong with the picture; None where the device does not say."""

    dark: bool | None = None
    blurred: bool | None = None
    covered: bool | None = None
    frozen: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A picture that was taken; the picture itself is at ``url``."""

    origin: Origin
    taken_at: datetime
    sha256: str
    width: int | None = None
    height: int | None = None
    quality: CameraQuality = CameraQuality()
    faces_masked: bool | None = None
    url: str | None = None
    kind: Literal["frame"] = "frame"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    origin: Origin
    state: PresenceState
    kind: Literal["presence"] = "presence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A device's answer to what came down to it; ``down_id`` is that message's ``id``."""

    origin: Origin
    down_id: str
    outcome: ReceiptOutcome = "received"
    kind: Literal["receipt"] = "receipt"


Message = Position | Status | Alarm | Ptt | Frame | Presence | Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message as it goes up to the server: when it reached us, and why to doubt it.

    ``doubt`` names reasons of ``edge.quality`` and ``bad_<field>`` for optional fields that
    were unreadable and therefore left out. ``clock_ahead_s`` is how far the device's clock is
    ahead of ours, where that is steady and worth a doubt.
    """

    message: Message
    received_at: datetime
    protocol: str = "native"
    doubt: tuple[str, ...] = ()
    clock_ahead_s: float | None = None


def fix_of(message: Message) -> Fix | None:
    """The place a message tells of, if any."""
    return message.fix if isinstance(message, (Position, Alarm)) else None


def rank_of(message: Message) -> int:
    """What goes first when there is no room: 0 states, then 1 positions and presence; 2 never."""
    if isinstance(message, Alarm):
        return 2
    return 1 if isinstance(message, (Position, Presence, Receipt)) else 0


def is_urgent(message: Message) -> bool:
    """Whether a message goes ahead of everything else: an SOS, raised or withdrawn."""
    return isinstance(message, Alarm) and message.alarm == "sos"
