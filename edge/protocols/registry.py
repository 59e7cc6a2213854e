"""Which protocol reads which topic: the one list of languages."""

from __future__ import annotations

from datetime import datetime

from edge import topics
from edge.protocols import jt808, native, nmea, owntracks
from edge.protocols.reading import Decode, Reading
from edge.telemetry import Envelope

PROTOCOLS: dict[topics.Protocol, Decode] = {
    "native": native.read,
    "owntracks": owntracks.read,
    "jt808": jt808.read,
    "nmea": nmea.read,
}


def read(topic: str, payload: bytes, received_at: datetime) -> tuple[str, Reading]:
    """The protocol's name and what it makes of the payload. Raises Unreadable."""
    address = topics.parse(topic)
    if address is None:
        return "native", Reading()
    return address.protocol, PROTOCOLS[address.protocol](address, payload, received_at)


def envelopes(protocol: str, reading: Reading, received_at: datetime) -> list[Envelope]:
    return [
        Envelope(message=item.message, received_at=received_at, protocol=protocol, doubt=item.doubt)
        for item in reading.messages
    ]
