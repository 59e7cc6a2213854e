"""Topic names: who speaks, in which language, about what.

The device of a message is the one in its topic, which the broker's access list guards; a payload
cannot speak for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from edge.errors import Unreadable
from edge.fields import FieldError, name

ROOT = "xn"
VERSION = "v1"
BATCH = "batch"
OWN_KINDS = ("ack", "down")  # what goes down to devices; never telemetry
FILTERS = ("xn/#", "owntracks/#")  # everything, so that what we cannot read is seen and counted

Protocol = Literal["native", "owntracks", "jt808", "nmea"]


@dataclass(frozen=True, slots=True)
class Address:
    """``subject`` is the kind of a native topic, the part below the device of an OwnTracks one,
    the datum of what a listener of ours heard. A JT/T 808 frame itself tells the device."""

    protocol: Protocol
    device_id: str
    subject: str


@lru_cache(maxsize=65_536)
def parse(topic: str) -> Address | None:
    """Who and what a topic tells; None when it carries no telemetry. Raises Unreadable."""
    levels = topic.split("/")
    if levels[0] == "owntracks" and len(levels) in (3, 4):
        return Address("owntracks", _owntracks_device(levels[1], levels[2]), "/".join(levels[3:]))
    if levels[0] == "jt808" and len(levels) == 2:
        return Address("jt808", "", levels[1])
    if levels[0] == "nmea" and len(levels) == 3:
        return Address("nmea", _device(levels[2]), levels[1])
    if levels[0] != ROOT or len(levels) != 4:
        raise Unreadable.because("topic", "is not xn/v1/<device_id>/<kind>")
    _, version, device_id, kind = levels
    if version != VERSION:
        raise Unreadable.because("topic", "has an unknown version; this agent speaks v1")
    if kind in OWN_KINDS:
        return None
    return Address("native", _device(device_id), kind)


def jt808_topic(crs: str) -> str:
    """Not at any broker: the name under which a listener's frames are read, kept and replayed."""
    return f"jt808/{crs}"


def nmea_topic(crs: str, device_id: str) -> str:
    """As ``jt808_topic``; a device id that was never told makes it unreadable."""
    return f"nmea/{crs}/{device_id}"


def ack_topic(device_id: str) -> str:
    return f"{ROOT}/{VERSION}/{device_id}/ack"


def down_topic(device_id: str) -> str:
    return f"{ROOT}/{VERSION}/{device_id}/down"


def telemetry_topic(device_id: str, kind: str) -> str:
    return f"{ROOT}/{VERSION}/{device_id}/{kind}"


def _device(text: str) -> str:
    try:
        return name(text)
    except FieldError as error:
        raise Unreadable.because("device_id", str(error)) from None


def _owntracks_device(user: str, device: str) -> str:
    return _device(user if user == device else f"{user}-{device}")
