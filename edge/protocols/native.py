"""The contract's own messages (section 8), one by one or as a ``batch`` after an outage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from edge import quick, topics
from edge.decoding import Decoded, decode
from edge.errors import Fault, Unreadable
from edge.protocols.reading import Reading, parse_json
from edge.topics import Address

MAX_BATCH = 10_000


def read(address: Address, payload: bytes, received_at: datetime) -> Reading:  # noqa: ARG001
    """Raises Unreadable when nothing of the payload can be understood.

    A good message of a batch is taken even when its neighbour is not.
    """
    raw = parse_json(payload)
    if address.subject == topics.BATCH:
        return _batch(raw, address.device_id)
    message = quick.read(raw, kind=address.subject, device_id=address.device_id)
    if message is not None:
        return Reading((Decoded(message),))
    return Reading((decode(raw, kind=address.subject, device_id=address.device_id),))


def _batch(raw: object, device_id: str) -> Reading:
    if not isinstance(raw, list):
        raise Unreadable.because("batch", "is not an array of messages")
    if len(raw) > MAX_BATCH:
        raise Unreadable.because("batch", f"has more than {MAX_BATCH} messages")
    good: list[Decoded] = []
    bad: list[Unreadable] = []
    for index, item in enumerate(raw):
        try:
            good.append(_item(item, device_id))
        except Unreadable as error:
            placed = Unreadable((Fault(f"batch[{index}]", "is unreadable"), *error.faults))
            placed.numbered = error.numbered
            bad.append(placed)
    return Reading(tuple(good), tuple(bad))


def _item(item: object, device_id: str) -> Decoded:
    kind = item.get("kind") if isinstance(item, Mapping) else None
    if not isinstance(kind, str):
        raise Unreadable.because("kind", "is missing")
    return decode(item, kind=kind, device_id=device_id)
