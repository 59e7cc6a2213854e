"""Lines of JSON into values, each fault named; a bad line never takes the others with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from triage.errors import BadRow
from triage.report import ReportText
from triage.taxonomy import LABELS, Label

MAX_CHARS = 20_000
"""The ministry's item holds 4,000 characters; five times that is no report any more."""

_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Event:
    """One dated call of a place or of parties (contract, section 7). ``time`` is aware."""

    id: str | int
    time: datetime
    dispute: bool
    keys: tuple[str, ...]
    kind: str = ""


def parse_object(line: bytes) -> dict[str, Any]:
    """One JSON object of a line; ``BadRow`` says what it is instead."""
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadRow("the line is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadRow("the line is not JSON") from None
    if not isinstance(row, dict):
        raise BadRow("the line is no JSON object")
    return row


def id_of(row: Mapping[str, Any]) -> str | int | None:
    """The row's id as it was given, None when it has none that can be used."""
    given = row.get("id")
    usable = isinstance(given, str | int) and not isinstance(given, bool)
    return given if usable else None


def text_of(row: Mapping[str, Any]) -> str:
    text = row.get("text")
    if not isinstance(text, str):
        raise BadRow("text is missing or no string")
    if not text.strip():
        raise BadRow("text is empty")
    if len(text) > MAX_CHARS:
        raise BadRow(f"text is longer than {MAX_CHARS} characters")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise BadRow("text has half a character (a lone surrogate)")
    return text


def report_of(row: Mapping[str, Any]) -> ReportText:
    """A report of ``{"id", "text", "received_at"?}``."""
    given = id_of(row)
    if given is None:
        raise BadRow("id is missing or neither a string nor a whole number")
    received = row.get("received_at")
    at = None if received is None else instant(received, "received_at")
    return ReportText(str(given), text_of(row), at)


def label_in(row: Mapping[str, Any]) -> Label:
    label = row.get("label")
    if not isinstance(label, str) or label not in set(LABELS):
        raise BadRow(f"label is missing or none of {', '.join(LABELS)}")
    return Label(label)


def instant(value: object, field: str) -> datetime:
    """ISO 8601 with an offset."""
    at = _iso(value, field)
    if at.tzinfo is None:
        raise BadRow(f"{field} has no offset; write it as 2026-11-24T08:00:00+08:00")
    return at


def event_of(row: Mapping[str, Any]) -> Event:
    """A dated event. ``dispute`` is true unless it says otherwise; a time without an offset is
    Beijing time, as in exports of local systems."""
    given = id_of(row)
    if given is None:
        raise BadRow("id is missing or neither a string nor a whole number")
    at = _iso(row.get("time"), "time")
    dispute = row.get("dispute", True)
    if not isinstance(dispute, bool):
        raise BadRow("dispute is neither true nor false")
    at = at if at.tzinfo else at.replace(tzinfo=_CHINA)
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise BadRow(f"time lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return Event(given, at, dispute, _keys(row), _kind(row))


def _kind(row: Mapping[str, Any]) -> str:
    kind = row.get("kind")
    if kind is None:
        return ""
    if isinstance(kind, str | int) and not isinstance(kind, bool):
        return str(kind)
    raise BadRow("kind is neither a string nor a whole number")


def _keys(row: Mapping[str, Any]) -> tuple[str, ...]:
    place, parties = row.get("place"), row.get("parties") or []
    if not isinstance(parties, list):
        raise BadRow("parties is no list")
    places = [] if place in (None, "") else [f"place:{place}"]
    return (*places, *(f"party:{party}" for party in parties if party not in (None, "")))


def _iso(value: object, field: str) -> datetime:
    if not isinstance(value, str):
        raise BadRow(f"{field} is missing or no string")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise BadRow(f"{field} is no ISO 8601 instant") from None
