"""What a text names: phones, ids, plates, sums, clock times, rooms, masked names; with places.

Never an input to a model in clear. ``redaction`` stars the ones that point at a person; the rest
helps people find the place and the sum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["phone", "id", "card", "plate", "sum", "time", "room", "name"]

_D = r"[0-9０-９]"
_GAP = r"[ \-－]?"
_NOT_BEFORE = r"(?<![0-9０-９*])"
_NOT_AFTER = r"(?![0-9０-９*])"

ID_18 = re.compile(rf"{_NOT_BEFORE}{_D}{{17}}[0-9０-９XxＸｘ]{_NOT_AFTER}")
ID_15 = re.compile(rf"{_NOT_BEFORE}{_D}{{15}}{_NOT_AFTER}")
CARD = re.compile(
    rf"{_NOT_BEFORE}{_D}{{4}}(?:{_GAP}{_D}{{4}}){{3}}(?:{_GAP}{_D}{{1,3}})?{_NOT_AFTER}"
)
MOBILE = re.compile(rf"{_NOT_BEFORE}[1１]{_D}{{2}}{_GAP}{_D}{{4}}{_GAP}{_D}{{4}}{_NOT_AFTER}")
LANDLINE = re.compile(rf"{_NOT_BEFORE}[0０]{_D}{{2,3}}[ \-－]{_D}{{7,8}}{_NOT_AFTER}")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE = re.compile(
    rf"[{_PROVINCES}][A-Za-zＡ-Ｚａ-ｚ][ ·•.\-]?[A-Za-z0-9Ａ-Ｚａ-ｚ０-９]{{5,6}}(?![A-Za-z0-9])"
)
_SUM = re.compile(
    rf"(?:{_D}[0-9０-９,，]*(?:\.{_D}+)?|[一二三四五六七八九十百千万两几半]+)"
    r"(?:多|余|来)?(?:百|千|万|亿)?(?:多|余)?(?:元|块|圆|人民币|万(?!一|分|人|事))(?:钱)?"
)
_TIME = re.compile(
    r"(?:凌晨|清晨|早上|上午|中午|下午|傍晚|晚上|夜里|半夜|今晚|昨晚)?"
    rf"(?:{_D}{{1,2}}[:：]{_D}{{2}}|(?:{_D}{{1,2}}|[一二三四五六七八九十两]+)(?:点|时)"
    rf"(?:半|多|左右|整|一刻|{_D}{{1,2}}分?|[一二三四五六七八九十]+分?)?)"
)
_ROOM = re.compile(
    r"(?:[0-9０-９一二三四五六七八九十]+(?:号楼|幢|栋|座|号)[-－]?)?"
    r"(?:[0-9０-９一二三四五六七八九十]+单元[-－]?)?[0-9０-９]{3,4}(?:室|房|户)"
    r"|[0-9０-９一二三四五六七八九十]+(?:号楼|幢|栋)(?:[0-9０-９一二三四五六七八九十]+单元)?"
)
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任"
    "沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_NAME = re.compile(rf"[{SURNAMES}](?:某{{1,2}}[某甲乙丙丁]?|先生|女士|老师|师傅|\*{{1,2}})")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


@dataclass(frozen=True, slots=True)
class Entity:
    """``text`` as it stands at ``[start:end]``; ``sound`` is false for an id whose check digit is
    wrong (GB 11643-1999), true for everything else."""

    kind: Kind
    text: str
    start: int
    end: int
    sound: bool = True


_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("id", ID_18),
    ("card", CARD),
    ("id", ID_15),
    ("phone", MOBILE),
    ("phone", LANDLINE),
    ("plate", PLATE),
    ("sum", _SUM),
    ("time", _TIME),
    ("room", _ROOM),
    ("name", _NAME),
)


def find_entities(text: str) -> tuple[Entity, ...]:
    """Every entity in reading order; where two overlap the kind named first in the list wins."""
    taken: set[int] = set()
    found = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            places = range(*match.span())
            if taken.isdisjoint(places):
                taken.update(places)
                sound = kind != "id" or len(places) != 18 or id_is_sound(match.group())
                found.append(Entity(kind, match.group(), *match.span(), sound))
    return tuple(sorted(found, key=lambda entity: entity.start))


def id_is_sound(number: str) -> bool:
    """Whether an 18-digit id carries the check digit of its first 17."""
    digits = [int(char) for char in number[:17]]
    check = _CHECK[sum(d * w for d, w in zip(digits, _WEIGHTS, strict=True)) % 11]
    last = number[17]
    return check == ("X" if last in "xXｘＸ" else str(int(last)))
