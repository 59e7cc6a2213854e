"""What a name as told says: a surname, sometimes a sex; a whole name only as a keyed hash."""

from __future__ import annotations

import re
from dataclasses import dataclass

UNKNOWN_NAMES = frozenset({"匿名", "不详", "未知", "无", "路人", "群众", "热心群众"})
_TITLES = {"先生": "m", "男士": "m", "师傅": None, "女士": "f", "小姐": "f", "阿姨": "f"}
_TITLE = re.compile(rf"({'|'.join(_TITLES)})$")
_DOUBLE = frozenset({"欧阳", "上官", "司马", "诸葛", "夏侯", "皇甫", "尉迟", "司徒", "慕容"})
_COMMON = {
    **dict.fromkeys("王李张", 0.07),
    **dict.fromkeys("刘陈", 0.05),
    **dict.fromkeys("杨黄赵吴周", 0.025),
    **dict.fromkeys("徐孙马朱胡郭何高林罗", 0.012),
}
"""Shares of surnames in China, rounded (public security census of names, 2020 and 2021)."""
_RARE = 0.004


@dataclass(frozen=True, slots=True)
class Name:
    """``full`` is the keyed hash of a whole name, None when it is masked or only a title."""

    surname: str | None = None
    full: str | None = None
    sex: str | None = None


def read_name(name: str | None, full_key: str | None = None) -> Name:
    """``张某`` and ``张先生`` tell the surname only; ``full_key`` stands for a whole name."""
    text = (name or "").strip().replace(" ", "")
    if not text or text in UNKNOWN_NAMES:
        return Name()
    surname = text[:2] if text[:2] in _DOUBLE else text[:1]
    titled = _TITLE.search(text)
    sex = _TITLES[titled.group(1)] if titled else None
    whole = titled is None and not set("某*＊xX") & set(text) and 2 <= len(text) <= 4
    return Name(surname, full_key if whole else None, sex)


def surname_share(surname: str) -> float:
    """How many of a hundred people have it, 0-1; a rare one counts as 0.4 in a hundred."""
    return _COMMON.get(surname, _RARE)
