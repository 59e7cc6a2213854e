"""What a protocol makes of one payload."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from edge.datum import CRS_NAMES, Crs
from edge.decoding import Decoded
from edge.errors import Unreadable
from edge.topics import Address


@dataclass(frozen=True, slots=True)
class Reading:
    """Messages understood, and why parts of the payload were not.

    Both empty: the payload is of a kind that carries no telemetry, and is done with.
    """

    messages: tuple[Decoded, ...] = ()
    unreadable: tuple[Unreadable, ...] = field(default=())


Decode = Callable[[Address, bytes, datetime], Reading]
"""``(address, payload, received_at)`` to a reading. Raises Unreadable when nothing can be read."""


def parse_json(payload: bytes) -> object:
    """Strict JSON in UTF-8: no NaN, no endless nesting. Raises Unreadable."""
    try:
        parsed: object = _STRICT.decode(payload.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable.because("payload", "is not UTF-8") from None
    except (ValueError, RecursionError):
        raise Unreadable.because("payload", "is not JSON") from None
    return parsed


def datum(subject: str) -> Crs:
    """The datum a listener's topic tells. Raises Unreadable."""
    for crs in CRS_NAMES:
        if crs == subject:
            return crs
    raise Unreadable.because("topic", f"tells no datum of {', '.join(CRS_NAMES)}")


def _refuse(constant: str) -> object:
    raise ValueError(constant)


_STRICT = json.JSONDecoder(parse_constant=_refuse)
