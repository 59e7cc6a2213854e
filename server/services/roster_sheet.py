"""A roster sheet (.csv in UTF-8 or GBK, .xlsx) as shifts; a bad line is named, not guessed at."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, tzinfo

from server.domain.duty import Shift, shift_of
from server.domain.errors import Invalid

MAX_LINES = 20_000
HEADING_LINES = 10
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "unit": ("单元", "单元编号", "小组", "班组", "unit"),
    "day": ("日期", "值班日期", "date"),
    "start": ("上岗", "上岗时间", "上班", "start"),
    "end": ("下岗", "下岗时间", "下班", "end"),
    "break_start": ("休息起", "休息开始", "break_start"),
    "break_end": ("休息止", "休息结束", "break_end"),
    "members": ("成员", "人员", "值班人员", "members"),
    "devices": ("设备", "携带设备", "装备", "devices"),
}
NEEDED = ("unit", "day", "start", "end")
_FIELDS = {name: key for key, names in COLUMNS.items() for name in names}
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?")
_TIME = re.compile(r"(?:.*[ T])?(\d{1,2})[:：](\d{2})(?::\d{2})?")

Line = tuple[int, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that stays out; ``why`` in Chinese for whoever keeps the sheet."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Sheet:
    shifts: tuple[tuple[int, Shift], ...]
    refused: tuple[Refusal, ...]


def read(content: bytes, name: str, units: Mapping[str, str], zone: tzinfo) -> Sheet:
    """The shifts of a sheet. ``units`` maps ids and names to ids. Raises Invalid for no sheet."""
    rows = _xlsx(content) if name.lower().endswith(".xlsx") else _csv(content)
    shifts: list[tuple[int, Shift]] = []
    refused: list[Refusal] = []
    for line, cells in _named(rows):
        try:
            shifts.append((line, _shift(cells, units, zone)))
        except Invalid as error:
            refused.append(Refusal(line, str(error).partition(": ")[2]))
    return Sheet(tuple(shifts), tuple(refused))


def _shift(cells: Mapping[str, object], units: Mapping[str, str], zone: tzinfo) -> Shift:
    said = str(cells.get("unit") or "").strip()
    if said not in units:
        raise Invalid("unit", f"没有单元“{said[:64]}”，请先登记或改正")
    pause = [_time(cells.get(key), "休息时间") for key in ("break_start", "break_end")]
    start, end = _time(cells.get("start"), "上岗时间"), _time(cells.get("end"), "下岗时间")
    if start is None or end is None:
        raise Invalid("start", "缺少上岗或下岗时间")
    if (pause[0] is None) != (pause[1] is None):
        raise Invalid("break", "休息时间要有起和止")
    rest = (pause[0], pause[1]) if pause[0] is not None and pause[1] is not None else None
    members = tuple(dict.fromkeys(name[:64] for name in _words(cells.get("members"))))
    carried = _carried(_words(cells.get("devices")), members)
    day = _day(cells.get("day"))
    made = shift_of(units[said], day, start, end, pause=rest, members=members, zone=zone)
    return replace(made, devices=carried)


def _words(cell: object) -> list[str]:
    return [word for word in re.split(r"[、,，;；\s]+", str(cell or "")) if word]


def _carried(words: Sequence[str], members: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    """Devices with who carries each: as written (``李某某:bc-01``), or in the members' order when
    there are as many; else the shift has them together."""
    found: dict[str, str | None] = {}
    in_order = len(words) == len(members)
    for number, word in enumerate(words):
        who, colon, device = re.sub("[：=＝]", ":", word).rpartition(":")
        if colon and who not in members:
            raise Invalid("devices", f"“{who[:64]}”不在本行成员中，请改正")
        if device in found:
            raise Invalid("devices", f"设备{device[:64]}写了两次，请改正")
        found[device] = who or (members[number] if in_order else None)
    return tuple(found.items())


def _day(cell: object) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    found = _DAY.fullmatch(str(cell or "").strip())
    if found is not None:
        try:
            return date(*(int(part) for part in found.groups()))
        except ValueError:
            pass
    raise Invalid("day", "日期看不懂，请写成2026-11-03")


def _time(cell: object, name: str) -> time | None:
    if cell is None or str(cell).strip() == "":
        return None
    if isinstance(cell, datetime):
        return cell.time()
    if isinstance(cell, time):
        return cell
    found = _TIME.fullmatch(str(cell).strip())
    if found is not None:
        hour, minute = int(found[1]), int(found[2])
        if (hour <= 23 and minute <= 59) or (hour, minute) == (24, 0):
            return time(hour % 24, minute)
    raise Invalid("time", f"{name}看不懂，请写成08:30")


def _named(rows: Iterator[Sequence[object]]) -> Iterator[Line]:
    """Lines with their cells by field, below the heading, which is looked for at the top."""
    heading: list[str | None] = []
    for number, row in enumerate(rows, 1):
        if number > MAX_LINES:
            raise Invalid("file", f"超过{MAX_LINES}行，请分几个文件导入")
        if not heading:
            found = [_FIELDS.get(str(cell or "").strip().lower()) for cell in row]
            if all(key in found for key in NEEDED):
                heading = found
            elif number >= HEADING_LINES:
                break
        elif any(str(cell or "").strip() for cell in row):
            pairs = zip(heading, row, strict=False)
            yield number, {key: cell for key, cell in pairs if key is not None}
    if not heading:
        raise Invalid("file", "没有找到表头，需要列：单元、日期、上岗、下岗")


def _csv(content: bytes) -> Iterator[Sequence[object]]:
    text = _decoded(content)
    head = text[:4096]
    delimiter = max(",\t;", key=head.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise Invalid("file", "不是可读的CSV，请另存为.xlsx再试") from error


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("file", "编码不是UTF-8或GBK，请另存为.xlsx再试")


def _xlsx(content: bytes) -> Iterator[Sequence[object]]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise Invalid("file", "不是Excel工作簿，请另存为.xlsx") from error
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        yield from sheet.iter_rows(values_only=True)
    finally:
        book.close()
