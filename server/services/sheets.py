"""Lists as files: ``.csv`` for programs, ``.xlsx`` for people; no cell is ever a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

Cell = str | int | float | None

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDEST = 60


def safe(cell: Cell) -> Cell:
    """Text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell


def as_csv(heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Line by line, with the mark that makes spreadsheets read UTF-8."""
    held = io.StringIO()
    writer = csv.writer(held)
    held.write("\ufeff")
    writer.writerow([safe(cell) for cell in heading])
    yield _taken(held)
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
        yield _taken(held)


def as_xlsx(sheets: Iterable[tuple[str, Sequence[str], Iterable[Sequence[Cell]]]]) -> bytes:
    """A workbook of ``(name, heading, rows)``; headings stay in sight, columns fit their words."""
    book = Workbook()
    del book[book.sheetnames[0]]
    for name, heading, rows in sheets:
        sheet = book.create_sheet(name[:31])
        widths = [_width(word) for word in heading]
        sheet.append([safe(word) for word in heading])
        for row in rows:
            sheet.append([_printable(safe(cell)) for cell in row])
            widths = [max(w, _width(cell)) for w, cell in zip(widths, row, strict=True)]
        for at, width in enumerate(widths, 1):
            sheet.column_dimensions[get_column_letter(at)].width = min(width + 2, _WIDEST)
            sheet.cell(1, at).font = Font(bold=True)
        sheet.freeze_panes = "A2"
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _printable(cell: Cell) -> Cell:
    """Workbooks refuse control characters that reports may carry."""
    if isinstance(cell, str):
        return "".join(letter for letter in cell if letter >= " " or letter in "\n\t")
    return cell


def _width(cell: Cell) -> int:
    """Chinese characters are twice as wide."""
    return sum(2 if letter > "\u2e7f" else 1 for letter in str(cell if cell is not None else ""))


def _taken(held: io.StringIO) -> str:
    made = held.getvalue()
    held.seek(0)
    held.truncate()
    return made
