"""Whether a device is there, from its messages, its last will and its silence; with hysteresis.

A last will counts once nothing was heard for a while (a phone that changes its mast comes back
within seconds); silence counts after three minutes: Mosquitto itself needs 1.5 keep-alives and
some seconds to say a will. Nothing is concluded while no agent listens: then nobody can be heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["online", "offline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    grace: timedelta = timedelta(seconds=30)
    silent: timedelta = timedelta(seconds=180)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Arrival of the newest message and of the newest 'offline'; None: never."""

    heard_at: datetime | None
    offline_at: datetime | None


def state(heard: Heard, now: datetime, rule: Rule) -> State | None:
    """What the device is now; None leaves it as it was noticed."""
    if heard.heard_at is None and heard.offline_at is None:
        return None
    left = heard.offline_at is not None and (
        heard.heard_at is None or heard.offline_at >= heard.heard_at
    )
    if left and heard.offline_at is not None:
        return "offline" if now - heard.offline_at >= rule.grace else None
    if heard.heard_at is not None and now - heard.heard_at >= rule.silent:
        return "offline"
    return "online"


@dataclass(frozen=True, slots=True)
class Notice:
    """What to remember of a device now, and whether people hear of it.

    ``behind`` is offline together with its gateway: nobody is told, neither then nor when both
    come back; a child that stays away although its gateway is back is told after all.
    """

    noticed: Literal["online", "offline", "behind"]
    told: bool


def notice(
    after: State,
    *,
    before: str | None,
    gateway: str | None,
    gateway_since: datetime | None,
    now: datetime,
    rule: Rule,
) -> Notice | None:
    """None when nothing changes. ``gateway`` is what was noticed of the one it speaks through."""
    if after == "online":
        changed = before != "online"
        return Notice("online", told=before != "behind") if changed else None
    away = gateway in ("offline", "behind")
    if away:
        return Notice("behind", told=False) if before == "online" else None
    if before == "behind":
        settled = gateway_since is None or now - gateway_since >= rule.silent
        return Notice("offline", told=True) if settled else None
    return Notice("offline", told=True) if before == "online" else None
