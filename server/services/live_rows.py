"""What a batch changes: rows of live state, made from messages. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from edge.decoding import number_of
from edge.quality import FUTURE
from edge.telemetry import Alarm, Envelope, Presence, Status, fix_of
from server.domain import live
from server.domain.views import Json
from server.services.confirming import Number
from server.store import telemetry


@dataclass(frozen=True, slots=True)
class Item:
    """A readable message with all doubts about it."""

    envelope: Envelope
    doubt: tuple[str, ...]
    true_at: datetime | None = None
    """Its time, corrected, where the device's clock is known to be off."""

    @property
    def key(self) -> telemetry.Key:
        origin = self.envelope.message.origin
        return origin.device_id, origin.boot, origin.seq


def positions(fresh: Iterable[Item]) -> list[Json]:
    rows: list[Json] = []
    for item in fresh:
        fix = fix_of(item.envelope.message)
        doubt = item.doubt if item.true_at is None else live.without_clock(item.doubt)
        if fix is None or not live.moves(fix, doubt):
            continue
        rows.append(
            {
                "device_id": item.key[0],
                "fix_time": item.true_at or fix.fix_time,
                "lat": fix.lat,
                "lon": fix.lon,
                "accuracy_m": fix.accuracy_m,
                "heading_deg": fix.heading_deg,
                "doubt": list(doubt),
            }
        )
    return rows


def statuses(fresh: Iterable[Item]) -> list[Json]:
    found = [item.envelope.message for item in fresh if FUTURE not in item.doubt]
    return [
        {
            "device_id": message.origin.device_id,
            "status_at": message.origin.sent_at,
            "battery_pct": message.battery_pct,
        }
        for message in found
        if isinstance(message, Status)
    ]


def presences(fresh: Iterable[Item]) -> list[Json]:
    """By arrival: a will was written when the connection began and cannot know its end."""
    return [
        {
            "device_id": item.key[0],
            "presence_at": item.envelope.received_at,
            "presence": item.envelope.message.state,
        }
        for item in fresh
        if isinstance(item.envelope.message, Presence)
    ]


def alarms(alarms: Iterable[Item]) -> list[Json]:
    """By arrival, as in ``_standing``."""
    return [
        {
            "device_id": item.key[0],
            "alarm_at": item.envelope.received_at,
            "alarm": alarm_of(item).alarm if alarm_of(item).active else None,
        }
        for item in alarms
    ]


def newest(rows: Sequence[Json], clock: str) -> list[Json]:
    """One row per device: the newest of the batch."""
    latest: dict[object, Json] = {}
    for row in rows:
        kept = latest.get(row["device_id"])
        if kept is None or row[clock] > kept[clock]:  # type: ignore[operator]
            latest[row["device_id"]] = row
    return sorted(latest.values(), key=lambda row: str(row["device_id"]))


def heard(fresh: Sequence[Item]) -> list[Json]:
    """When each device was last heard and last said to be gone, by arrival."""
    rows: dict[str, Json] = {}
    for item in fresh:
        message, at = item.envelope.message, item.envelope.received_at
        gone = isinstance(message, Presence) and message.state == "offline"
        row = rows.setdefault(
            item.key[0], {"device_id": item.key[0], "heard_at": None, "offline_at": None}
        )
        name = "offline_at" if gone else "heard_at"
        if row[name] is None or at > row[name]:  # type: ignore[operator]
            row[name] = at
    return list(rows.values())


def alarm_of(item: Item) -> Alarm:
    assert isinstance(item.envelope.message, Alarm)
    return item.envelope.message


def standing(alarms: Sequence[Item], numbers: Sequence[int]) -> list[Json]:
    """Alarms with the events that told of them; the newest of each kind and device.

    Dated by arrival: a person may have ended the last one by our clock, and a device whose clock
    is behind must still be heard when it calls again.
    """
    newest: dict[tuple[str, str], Json] = {}
    for item, number in zip(alarms, numbers, strict=False):
        alarm = alarm_of(item)
        key = (alarm.origin.device_id, alarm.alarm)
        newest[key] = {
            "device_id": key[0],
            "alarm": key[1],
            "active": alarm.active,
            "changed_at": item.envelope.received_at,
            "event_id": number,
        }
    return [newest[key] for key in sorted(newest)]


def numbers_of(raws: Iterable[object]) -> list[Number]:
    """Which messages the unreadable ones were, where that much is readable."""
    found = []
    for raw in raws:
        number = number_of(raw, None)
        if number is not None:
            found.append((number.device_id, number.boot, number.seq))
    return found


def runs_of(items: Sequence[Item]) -> dict[tuple[str, str], int | None]:
    """The runs of a batch to be confirmed, and the lowest number each device still holds."""
    found: dict[tuple[str, str], int | None] = {}
    for item in items:
        if item.envelope.protocol == "native":
            held = item.envelope.message.origin.lowest_held
            before = found.get(item.key[:2])
            found[item.key[:2]] = max((n for n in (held, before) if n is not None), default=None)
    return found
