"""A Chinese font of this machine, found by fontconfig when it is needed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WAIT_S = 10
_WANTED = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi", "Microsoft YaHei")
HINT = "本机没有中文字体，不能生成 PDF；请安装 fonts-noto-cjk 后重试，或用 Excel 与打印。"


@dataclass(frozen=True, slots=True)
class FontFile:
    """``number`` is the font's place in a collection file."""

    path: Path
    number: int


@cache
def chinese_font() -> FontFile | None:
    """The best simplified-Chinese font, or None when the machine has none."""
    listing = shutil.which("fc-list")
    if listing is None:
        return None
    form = "%{file}|%{index}|%{family}|%{style}\\n"
    try:
        told = subprocess.run(  # noqa: S603 - a fixed command without anybody's words
            [listing, ":lang=zh-cn", "--format", form],
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = [line.split("|") for line in told.splitlines() if line.count("|") == 3]
    usable = [parts for parts in found if Path(parts[0]).suffix.lower() in {".ttf", ".ttc", ".otf"}]
    if not usable:
        return None
    best = min(usable, key=lambda parts: _rank(parts[2], parts[3]))
    return FontFile(Path(best[0]), int(best[1]) & 0xFFFF)


def _rank(family: str, style: str) -> tuple[int, bool, str]:
    place = next((n for n, name in enumerate(_WANTED) if name in family), len(_WANTED))
    return place, "Regular" not in style, family
