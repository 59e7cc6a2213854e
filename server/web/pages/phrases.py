"""Phrases with numbers in them (近90天3次, 距上次12天) in the language of the request."""

from __future__ import annotations

import re

from server.web.translation import translate

DRIVERS = (
    "近90天{}次",
    "近一年{}次",
    "此前一年内{}次",
    "距上次{}天",
    "距上次不到1天",
    "此处警情{}次",
    "首次",
)
"""As ``triage.recurrence_model`` says them."""
_PATTERNS = tuple(
    (phrase, re.compile(re.escape(phrase).replace(r"\{\}", r"(\d+)"))) for phrase in DRIVERS
)


def driver(said: str) -> str:
    """One driver of a risk; what no phrase fits is translated as a whole or left as it is."""
    for phrase, pattern in _PATTERNS:
        found = pattern.fullmatch(said)
        if found:
            return translate(phrase).format(*found.groups())
    return translate(said)
