"""Addresses told in many spellings, brought to one: community, building, unit, room.

``翠柳苑小区３幢２单元402室``, ``翠柳苑三号楼402`` and ``翠柳苑3-2-402`` are one place. What
cannot be read stays as it is: two unreadable addresses are equal only when their words are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMERAL = re.compile(r"[零〇一二两三四五六七八九十百]+(?=号楼|栋|幢|座|单元|室|房|号|弄|楼|层|组)")
_SPACE = re.compile(r"[\s,，。.、;；]+")
_BUILDING = re.compile(r"(\d+|[a-z])(?:号楼|栋|幢|座)")
_UNIT = re.compile(r"(\d+)单元")
_ROOM = re.compile(r"(\d{3,4})(?:室|房|号房)?(?!\d|号|弄|路|米|元)")
_DASHED = re.compile(r"(\d{1,3})[-—－/](?:(\d{1,2})[-—－/])?(\d{3,4})(?:室|房)?$")
_NOISE = re.compile(r"(?:小区|社区|花园小区|附近|旁边|门口|楼下|家中|家里|内|的)")
_REGION = re.compile(
    r"^(?:[^\d]{2,5}省)?(?:[^\d]{2,5}市)?(?:[^\d]{1,4}(?<![小社园])[区县])?(?:[^\d]{2,6}(?:街道|镇))?"
)


@dataclass(frozen=True, slots=True)
class Spot:
    """``area`` is the community or the street with its number; the rest may be unknown."""

    area: str
    building: str | None = None
    unit: str | None = None
    room: str | None = None

    @property
    def key(self) -> str:
        """One spelling for one place; the unit is left out, because half the callers do."""
        return "|".join((self.area, self.building or "", self.room or ""))

    @property
    def is_home(self) -> bool:
        """Told down to the door."""
        return self.room is not None


def read_address(address: str | None, aliases: Mapping[str, str] | None = None) -> Spot | None:
    """None when nothing is left to compare. ``aliases`` map other names of an area to its own."""
    if not address:
        return None
    text = _numerals(_SPACE.sub("", unicodedata.normalize("NFKC", address)).lower())
    dashed = _DASHED.search(text)
    if dashed:
        building, unit, room = dashed.groups()
        return _spot(text[: dashed.start()], building, unit, room, aliases)
    building, unit = _first(_BUILDING, text), _first(_UNIT, text)
    ends = [m.end() for m in (*_BUILDING.finditer(text), *_UNIT.finditer(text))]
    room = _first(_ROOM, text[max(ends, default=0) :])
    starts = [m.start() for m in (_BUILDING.search(text), _UNIT.search(text)) if m]
    if room and not starts:
        starts = [text.rindex(room)]
    return _spot(text[: min(starts)] if starts else text, building, unit, room, aliases)


def _spot(
    area: str,
    building: str | None,
    unit: str | None,
    room: str | None,
    aliases: Mapping[str, str] | None,
) -> Spot | None:
    plain = _NOISE.sub("", _REGION.sub("", area)) or area
    for other, own in (aliases or {}).items():
        if other in plain:
            plain = own
            break
    if len(plain) < 2:
        return None
    return Spot(plain, building and building.lstrip("0"), unit, room)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found.group(1) if found else None


def _numerals(text: str) -> str:
    return _NUMERAL.sub(lambda found: _number(found.group()), text)


def _number(word: str) -> str:
    """``十二`` -> 12, ``二十`` -> 20, ``四〇二`` -> 402, ``一百零三`` -> 103."""
    if "十" not in word and "百" not in word:
        return "".join(str(_DIGITS[char]) for char in word)
    total, digit = 0, 0
    for char in word:
        if char == "百":
            total, digit = total + max(digit, 1) * 100, 0
        elif char == "十":
            total, digit = total + (digit if digit else 1) * 10, 0
        else:
            digit = _DIGITS[char]
    return str(total + digit)
