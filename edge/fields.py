"""Reading one JSON object field by field, collecting every fault instead of only the first.

Readers take a JSON value and return a typed one or raise FieldError saying what is wrong; the
sentence never repeats the value, since values may be personal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar, cast

from edge.errors import Fault, Unreadable

T = TypeVar("T")
Reader = Callable[[object], T]

MAX_NAME_CHARS = 64
MAX_TEXT_CHARS = 512
MAX_SEQ = 2**63 - 1  # what SQLite and PostgreSQL hold in an integer

_NAME = re.compile(r"[^\s/+#\x00-\x1f\x7f\ud800-\udfff]{1,64}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class FieldError(ValueError):
    """What is wrong with one value, as the end of a sentence that begins with its field."""


class Fields:
    """One JSON object being read. A bad required field is a fault, a bad optional one a note.

    A bad optional field must not cost us the message: an SOS with an absurd heading is an SOS.
    """

    def __init__(self, raw: object) -> None:
        if not isinstance(raw, Mapping):
            raise Unreadable.because("message", "is not a JSON object")
        self._raw: Mapping[str, object] = raw
        self.faults: list[Fault] = []
        self.notes: list[str] = []

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._raw.get(name) is not None

    def is_null(self, name: str) -> bool:
        """Whether the field is there and null: 'I have none', not 'I forgot'."""
        return name in self._raw and self._raw[name] is None

    def required(self, name: str, read: Reader[T]) -> T:
        """The field's value; after a fault a placeholder that ``check`` keeps from being used."""
        if name not in self._raw:
            self.faults.append(Fault(name, "is missing"))
        else:
            try:
                return read(self._raw[name])
            except FieldError as error:
                self.faults.append(Fault(name, str(error)))
        return cast(T, None)

    def optional(self, name: str, read: Reader[T]) -> T | None:
        if not self.has(name):
            return None
        try:
            return read(self._raw[name])
        except FieldError:
            self.notes.append(f"bad_{name}")
            return None

    def check(self) -> None:
        """Raises Unreadable with every fault met so far."""
        if self.faults:
            raise Unreadable(tuple(self.faults))


def number(low: float = -math.inf, high: float = math.inf) -> Reader[float]:
    """A finite number between the bounds, both included."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FieldError("is not a number")
        try:
            found = float(value)
        except OverflowError:
            raise FieldError("is not a finite number") from None
        if not math.isfinite(found):
            raise FieldError("is not a finite number")
        if not low <= found <= high:
            raise FieldError(f"is not between {low:g} and {high:g}")
        return found

    return read


def whole(low: int = 0, high: int = MAX_SEQ) -> Reader[int]:
    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise FieldError("is not a whole number")
        if not low <= value <= high:
            raise FieldError(f"is not between {low} and {high}")
        return value

    return read


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise FieldError("is not true or false")
    return value


def text(value: object) -> str:
    """Any text that can be written as UTF-8, at most 512 characters."""
    if not isinstance(value, str):
        raise FieldError("is not text")
    if len(value) > MAX_TEXT_CHARS:
        raise FieldError(f"is longer than {MAX_TEXT_CHARS} characters")
    if any("\ud800" <= letter <= "\udfff" or letter == "\x00" for letter in value):
        raise FieldError("holds a character no database takes")
    return value


def name(value: object) -> str:
    """A device, boot or user id: 1 to 64 characters without blanks, ``/``, ``+`` or ``#``."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise FieldError(f"is not an id of 1 to {MAX_NAME_CHARS} characters without / + # or blank")
    return value


def sha256(value: object) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise FieldError("is not a SHA-256 of 64 hexadecimal digits")
    return value.lower()


def instant(value: object) -> datetime:
    """An ISO 8601 instant with an offset, in UTC."""
    if not isinstance(value, str):
        raise FieldError("is not an ISO 8601 instant")
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise FieldError("is not an ISO 8601 instant") from None
    if found.tzinfo is None:
        raise FieldError("has no offset; write for example 2026-01-31T08:00:00+08:00")
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise FieldError("is out of range") from None


def one_of(choices: Sequence[T]) -> Reader[T]:
    def read(value: object) -> T:
        for choice in choices:
            if type(choice) is type(value) and choice == value:
                return choice
        raise FieldError(f"is not one of {', '.join(map(str, choices))}")

    return read
