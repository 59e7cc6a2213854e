"""New identifiers: sortable by time, made without asking the database."""

from __future__ import annotations

from datetime import datetime

from ulid import ULID


def new_id(now: datetime) -> str:
    """A ULID (26 characters) of the given instant."""
    return str(ULID.from_datetime(now))
