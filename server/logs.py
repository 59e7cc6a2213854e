"""Logs: one JSON object a line on stderr, with everything personal masked on the way out."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import TextIO

import structlog

_ID_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1\d{2}[- ]?\d{4}[- ]?\d{4}(?!\d)")
_DIGITS = re.compile(r"\d{7,}")
_MASK = "***"
_SECRET_KEYS = frozenset(
    {
        "phone",
        "id_number",
        "caller",
        "person",
        "password",
        "secret",
        "token",
        "authorization",
        "cookie",
        "text",
        "address",
        "lat",
        "lon",
        "location",
        "position",
    }
)
_NOISY = {
    "waitress.queue": logging.ERROR,
    "waitress": logging.WARNING,
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,  # its lines quote addresses, and those hold keys
    "httpcore": logging.WARNING,
}


def configure(level: str = "info", *, file: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging the same masked way."""
    out = file or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.stdlib.add_logger_name,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name, floor in _NOISY.items():
        logging.getLogger(name).setLevel(max(floor, number))


def mask(
    _logger: object, _method: str, line: MutableMapping[str, object]
) -> MutableMapping[str, object]:
    """The one masking processor: by key, and by what looks like a number of a person."""
    for key, value in line.items():
        if not key.startswith("_"):
            line[key] = _masked(key, value)
    return line


def mask_text(text: str) -> str:
    """Phones, ID numbers and any run of seven digits or more."""
    return _DIGITS.sub(_MASK, _PHONE.sub(_MASK, _ID_NUMBER.sub(_MASK, text)))


def _masked(key: str, value: object) -> object:
    if key.lower() in _SECRET_KEYS:
        return _MASK
    if isinstance(value, str):
        return value if key == "timestamp" else mask_text(value)
    if isinstance(value, Mapping):
        return {str(name): _masked(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", inner) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**7:
        return _MASK
    return value
