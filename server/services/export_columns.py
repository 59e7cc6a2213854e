"""What the columns of an export mean: names, times, coordinates, flags. Values in, values out."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from server.domain.errors import Invalid
from server.domain.geo import Place, place
from server.domain.report import Caller, NewReport

COLUMNS: Mapping[str, tuple[str, str]] = {
    "source_id": ("接警单编号", "JJDBH"),
    "received_at": ("报警时间", "BJSJ"),
    "text": ("报警内容", "BJNR"),
    "address": ("警情地址", "JQDZ"),
    "phone": ("报警电话", "BJDH"),
    "name": ("报警人", "BJRMC"),
    "lon": ("经度", "JD"),
    "lat": ("纬度", "WD"),
    "code": ("警情类别", "JQLBDM"),
    "feedback_code": ("反馈类别", "FKLBDM"),
    "feedback": ("处警反馈", "FKNR"),
    "confidential": ("是否保密", "SFBM"),
}
"""Our names, the Chinese headers and the ministry's item names (contract, section 4)."""
REQUIRED = ("source_id", "received_at", "text")
LIMITS = {"source_id": 128, "code": 64, "feedback_code": 64}
"""Longest values the tables keep."""

_FIELD_OF = {name: field for field, names in COLUMNS.items() for name in (*names, field.upper())}
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - local time; the zone is put on at the end
_EXCEL_DAYS = (20_000, 80_000)
_TIME = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]+(\d{1,2})[:时](\d{1,2})分?"
    r"(?::?(\d{1,2})(?:\.\d+)?秒?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?")
_EXCEL_TEXT = re.compile(r'="(.*)"')
_YES = frozenset({"1", "是", "Y", "YES", "TRUE", "T"})
_NO = frozenset({"", "0", "否", "N", "NO", "FALSE", "F"})

Values = Mapping[str, object]


def field_of(header: object) -> str | None:
    """Our name of a column, or None for one we do not know."""
    return _FIELD_OF.get(unicodedata.normalize("NFKC", str(header or "")).strip().upper())


def is_heading(cells: Sequence[object]) -> bool:
    """Whether a row names columns: at least two we know."""
    return sum(field_of(cell) is not None for cell in cells) >= 2


def missing(headers: Sequence[object]) -> list[str]:
    """Required columns a heading lacks, by their Chinese and ministry names."""
    found = {field_of(header) for header in headers}
    return ["/".join(COLUMNS[field]) for field in REQUIRED if field not in found]


def to_report(cells: Values, *, source: str, zone: tzinfo, crs: str) -> NewReport:
    """A row by its headers as a report. Raises Invalid naming the column.

    ``zone`` is the local time of the export, ``crs`` the datum of its coordinates.
    """
    known = {field: value for h, value in cells.items() if (field := field_of(h))}
    extra = {h: text for h, value in cells.items() if not field_of(h) and (text := clean(value))}
    texts = {field: clean(value) for field, value in known.items()}
    for field, limit in LIMITS.items():
        if len(texts.get(field, "")) > limit:
            raise Invalid(COLUMNS[field][0], f"is longer than {limit} characters")
    for field in ("source_id", "text"):
        if not texts.get(field):
            raise Invalid(COLUMNS[field][0], "is empty")
    return NewReport(
        source=source,
        source_id=texts["source_id"],
        received_at=instant(known.get("received_at"), zone),
        text=texts["text"],
        address=texts.get("address") or None,
        place=_place(texts.get("lat", ""), texts.get("lon", ""), crs),
        caller=Caller(name=texts.get("name") or None, phone=texts.get("phone") or None),
        code=texts.get("code") or None,
        confidential=_flag(texts.get("confidential", "")),
        feedback_code=texts.get("feedback_code") or None,
        feedback=texts.get("feedback") or None,
        extra=extra,
    )


def clean(value: object) -> str:
    """A cell as text: whole numbers without ``.0``, and without Excel's ways to keep them text."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    text = str(value).strip().removeprefix("'")
    wrapped = _EXCEL_TEXT.fullmatch(text)
    return (wrapped[1] if wrapped else text).strip()


def instant(value: object, zone: tzinfo) -> datetime:
    """A time of day of the export, aware. Raises Invalid."""
    try:
        naive = value if isinstance(value, datetime) else _read_time(clean(value))
    except (ValueError, OverflowError):
        naive = None
    if naive is None:
        column = COLUMNS["received_at"][0]
        raise Invalid(column, "is no time; write it like 2026-11-05 08:30:00")
    return naive if naive.tzinfo else naive.replace(tzinfo=zone)


def _read_time(text: str) -> datetime | None:
    match = _COMPACT.fullmatch(text) or _TIME.fullmatch(text)
    if match:
        year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
        return datetime(year, month, day, hour, minute, int(match[6] or 0))  # noqa: DTZ001
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        days = float(text)
        if not _EXCEL_DAYS[0] <= days <= _EXCEL_DAYS[1]:
            return None
        return _EXCEL_EPOCH + timedelta(seconds=round(days * 86_400))
    # A bare date is refused: midnight would be made up.
    return datetime.fromisoformat(text) if len(text) > 10 else None


def _place(lat: str, lon: str, crs: str) -> Place | None:
    """Exports write 0 for unknown."""
    if lat in ("", "0") and lon in ("", "0"):
        return None
    try:
        return place(lat=float(lat), lon=float(lon), crs=crs, field="经度/纬度")
    except ValueError as error:
        raise Invalid("经度/纬度", "are not two numbers in degrees") from error


def _flag(text: str) -> bool:
    word = text.upper()
    if word in _YES or word in _NO:
        return word in _YES
    raise Invalid(COLUMNS["confidential"][0], "is neither 1/是 nor 0/否")
