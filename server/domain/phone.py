"""A mediator's phone as a second source: its fixes say where somebody is, they prove nothing.

A browser's position can be set by whoever holds the phone, so every fix carries the doubt
``self_reported``: it moves the live position when nothing surer is there, and never proves or
contradicts an arrival (``server.domain.live.proves``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

SELF_REPORTED = "self_reported"
DEVICE_KIND = "phone"
MAX_FIXES = 100
"""Of one request: a phone sends what it collected since the last one."""


@dataclass(frozen=True, slots=True)
class PhoneFix:
    """WGS-84 degrees, metres; ``at`` by the phone's clock, corrected by the page."""

    at: datetime
    lat: float
    lon: float
    accuracy_m: float


def device_of(user: str) -> str:
    """The device id of a user's phone; readable, within 64 characters, one per user."""
    digest = hashlib.sha256(user.encode()).hexdigest()[:12]
    plain = "".join(c for c in user if c.isascii() and (c.isalnum() or c in "._-"))[:40]
    return f"phone-{plain or 'user'}-{digest}"


def position(fix: PhoneFix, device_id: str) -> Mapping[str, object]:
    """The fix as a telemetry message; the same fix again is the same message."""
    at = fix.at.astimezone(UTC)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "device_id": device_id,
        "kind": "position",
        "v": 1,
        "boot": f"web-{at:%Y-%m-%d}",
        "seq": round((at - midnight).total_seconds() * 1000),
        "sent_at": at.isoformat(),
        "fix_time": at.isoformat(),
        "lat": fix.lat,
        "lon": fix.lon,
        "crs": "WGS-84",
        "accuracy_m": fix.accuracy_m,
        "doubt": [SELF_REPORTED],
        "protocol": "browser",
    }


def sos(
    device_id: str, *, key: str, at: datetime, active: bool, fix: PhoneFix | None
) -> Mapping[str, object]:
    """A call for help, or its end, as a telemetry message; the key makes it one."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:32]
    message: dict[str, object] = {
        "device_id": device_id,
        "kind": "alarm",
        "v": 1,
        "boot": f"sos-{digest}",
        "seq": 1,
        "sent_at": at.astimezone(UTC).isoformat(),
        "alarm": "sos",
        "active": active,
        "protocol": "browser",
    }
    if fix is not None:
        place = position(fix, device_id)
        names = ("fix_time", "lat", "lon", "crs", "accuracy_m", "doubt")
        message |= {name: place[name] for name in names}
    return message
