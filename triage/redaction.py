"""Mask numbers that point at a person, in place and in the same length.

Because a masked text is as long as the text it came from, every span found in one holds in the
other. Masking twice changes nothing.
"""

from __future__ import annotations

import re

from triage.entities import CARD, ID_15, ID_18, LANDLINE, MOBILE, PLATE


def _star(text: str, keep_head: int, keep_tail: int) -> str:
    """Stars for all letters and digits except so many at both ends; separators stay."""
    places = [i for i, char in enumerate(text) if char.isalnum()]
    hidden = set(places[keep_head : len(places) - keep_tail])
    return "".join("*" if i in hidden else char for i, char in enumerate(text))


def _masker(pattern: re.Pattern[str], keep_head: int, keep_tail: int, text: str) -> str:
    return pattern.sub(lambda match: _star(match.group(), keep_head, keep_tail), text)


def mask_numbers(text: str) -> str:
    """``text`` with phones, ids, bank cards and plates starred, length unchanged.

    138****1234, 330106********1234, 浙A***45; full-width digits and separators are understood.
    """
    for pattern, head, tail in (
        (ID_18, 6, 4),
        (CARD, 4, 4),
        (ID_15, 6, 4),
        (MOBILE, 3, 4),
        (LANDLINE, 4, 2),
        (PLATE, 2, 2),
    ):
        text = _masker(pattern, head, tail, text)
    return text
