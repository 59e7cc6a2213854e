"""Cursors: where a page ended, as one opaque word."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from server.domain.errors import Invalid

MAX_LIMIT = 200


def cursor(at: datetime, key: str) -> str:
    return urlsafe_b64encode(f"{at.isoformat()} {key}".encode()).decode().rstrip("=")


def parse(after: str | None) -> tuple[datetime, str] | None:
    """Raises Invalid when the cursor was not made here."""
    if not after:
        return None
    try:
        text = urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode()
        at, _, key = text.partition(" ")
        moment = datetime.fromisoformat(at)
    except (binascii.Error, ValueError) as error:
        raise Invalid("after", "is not a cursor; take it from 'next' of the page before") from error
    if moment.tzinfo is None or not key:
        raise Invalid("after", "is not a cursor; take it from 'next' of the page before")
    return moment, key


def bounded(limit: int) -> int:
    return max(1, min(limit, MAX_LIMIT))
