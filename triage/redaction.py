"""Mask numbers that point at a person, in place and in the same length.

Because a masked text is as long as the text it came from, every span found in one holds in the
other. Masking twice changes nothing.
"""

from __future__ import annotations

import re

_D = r"[0-9０-９]"
_GAP = r"[ \-－]?"
_NOT_BEFORE = r"(?<![0-9０-９*])"
_NOT_AFTER = r"(?![0-9０-９*])"

_ID_18 = re.compile(rf"{_NOT_BEFORE}{_D}{{17}}[0-9０-９XxＸｘ]{_NOT_AFTER}")
_ID_15 = re.compile(rf"{_NOT_BEFORE}{_D}{{15}}{_NOT_AFTER}")
_CARD = re.compile(
    rf"{_NOT_BEFORE}{_D}{{4}}(?:{_GAP}{_D}{{4}}){{3}}(?:{_GAP}{_D}{{1,3}})?{_NOT_AFTER}"
)
_MOBILE = re.compile(rf"{_NOT_BEFORE}[1１]{_D}{{2}}{_GAP}{_D}{{4}}{_GAP}{_D}{{4}}{_NOT_AFTER}")
_LANDLINE = re.compile(rf"{_NOT_BEFORE}[0０]{_D}{{2,3}}[ \-－]{_D}{{7,8}}{_NOT_AFTER}")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"[{_PROVINCES}][A-Za-zＡ-Ｚａ-ｚ][ ·•.\-]?[A-Za-z0-9Ａ-Ｚａ-ｚ０-９]{{5,6}}(?![A-Za-z0-9])"
)


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
        (_ID_18, 6, 4),
        (_CARD, 4, 4),
        (_ID_15, 6, 4),
        (_MOBILE, 3, 4),
        (_LANDLINE, 4, 2),
        (_PLATE, 2, 2),
    ):
        text = _masker(pattern, head, tail, text)
    return text
