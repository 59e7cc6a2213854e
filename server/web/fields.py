"""Field types that requests share: bounded texts, instants with their offset, cursors."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints

_ISO = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}")
_LOST_PLUS = re.compile(r"(T\d{2}:\d{2}\S*) (\d{2}:?\d{2})$")
"""An offset's plus sign that an unescaped query string turned into a blank."""
_EXAMPLE = "write an instant with its offset, as 2026-11-03T08:15:00+08:00"
EARLIEST, LATEST = 1970, 2199


def _written_out(value: object) -> object:
    """Bare numbers are no instants here: nobody could tell seconds from milliseconds."""
    try:
        if isinstance(value, str) and _ISO.match(value):
            return datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", value.upper()))
    except ValueError:
        pass
    raise ValueError(_EXAMPLE)


def _in_range(value: datetime) -> datetime:
    if not EARLIEST <= value.year <= LATEST:
        raise ValueError(f"must lie between the years {EARLIEST} and {LATEST}")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_range)]
"""ISO 8601 with an offset."""

_NO_NUL = r"^[^\x00]*$"

ShortText = Annotated[str, StringConstraints(max_length=64, pattern=_NO_NUL)]
LineText = Annotated[str, StringConstraints(max_length=500, pattern=_NO_NUL)]
LongText = Annotated[str, StringConstraints(max_length=4000, pattern=_NO_NUL)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=_NO_NUL)]
"""Chosen by the caller; the same key again acts only once."""
UnitId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_NO_NUL)]
Cursor = Annotated[str, StringConstraints(max_length=200, pattern=_NO_NUL)]
Limit = Annotated[int, Field(ge=1, le=200)]
