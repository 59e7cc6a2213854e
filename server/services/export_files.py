"""Reading exports row by row, whatever their kind and encoding; a bad row never ends the file."""

from __future__ import annotations

import codecs
import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from server.services.errors import UnreadableExport
from server.services.export_columns import field_of, is_heading, missing

SAMPLE_BYTES = 1_048_576
HEADING_ROWS = 10
"""Exports may carry a title above the heading; it is looked for in this many rows."""
MAX_LINE_BYTES = 1_048_576
_ENCODINGS = ("utf-8", "gb18030")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row by its headers; ``fault`` says why it cannot be read. ``share`` of the file done."""

    line: int
    cells: Mapping[str, object] = field(default_factory=dict)
    fault: str | None = None
    share: float = 0.0


def rows(path: Path) -> Iterator[Row]:
    """Rows of a ``.csv``, ``.xlsx`` or ``.jsonl`` export. Raises UnreadableExport."""
    readers = {".csv": _csv_rows, ".txt": _csv_rows, ".xlsx": _xlsx_rows, ".jsonl": _json_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UnreadableExport(f"{path.name} is neither .csv, .xlsx nor .jsonl; export it as one.")
    if not path.is_file():
        raise UnreadableExport(f"There is no file {path}; check the path.")
    return reader(path)


def encoding_of(sample: bytes) -> str:
    """UTF-8 or GB18030, by which one makes sense of more: known headers first, then all bytes."""
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name

    def sense(name: str) -> tuple[int, int]:
        text = sample.decode(name, "replace")
        head = text.split("\n", HEADING_ROWS)[:HEADING_ROWS]
        words = (word.strip('" \r') for line in head for word in _split(line))
        return sum(field_of(word) is not None for word in words), -text.count("�")

    return max(_ENCODINGS, key=sense)


def _split(line: str) -> list[str]:
    return line.split(max(",\t;", key=line.count))


def _csv_rows(path: Path) -> Iterator[Row]:
    size = max(path.stat().st_size, 1)
    with path.open("rb") as raw:
        sample = raw.read(SAMPLE_BYTES)
        encoding = encoding_of(sample)
        raw.seek(0)
        text = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")
        head = sample.decode(encoding, "replace").splitlines()[:HEADING_ROWS]
        delimiter = max(",\t;", key="\n".join(head).count)
        cells = _csv_cells(csv.reader(text, delimiter=delimiter))
        for row in _by_heading(path, cells):
            yield Row(row.line, row.cells, row.fault, min(raw.tell() / size, 1.0))


def _csv_cells(reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str] | str]]:
    """Rows with the line they begin on; a text instead of a row is its fault."""
    while True:
        line = getattr(reader, "line_num", 0) + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"is not CSV: {error}"


def _xlsx_rows(path: Path) -> Iterator[Row]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise UnreadableExport(f"{path.name} is no Excel workbook; save it as .xlsx.") from error
    try:
        sheet = book.worksheets[0]
        total = max(sheet.max_row or 1, 1)
        sheet.reset_dimensions()  # some exporters write a wrong one, and rows would be cut off
        cells = ((n, list(row)) for n, row in enumerate(sheet.iter_rows(values_only=True), 1))
        for row in _by_heading(path, cells):
            yield Row(row.line, row.cells, row.fault, min(row.line / total, 1.0))
    finally:
        book.close()


def _by_heading(path: Path, cells: Iterator[tuple[int, Sequence[object] | str]]) -> Iterator[Row]:
    """Name the cells of each row by the heading, which is searched for at the top."""
    headers: list[str] = []
    for seen, (line, row) in enumerate(cells):
        if headers:
            made = _named(headers, line, row)
            if made is not None:
                yield made
        elif not isinstance(row, str) and is_heading(row):
            headers = [str(cell or "").strip() for cell in row]
            _refuse_lacking(path, headers)
        elif seen >= HEADING_ROWS:
            break
    if not headers:
        raise UnreadableExport(
            f"{path.name} has no heading with the columns 接警单编号/JJDBH, 报警时间/BJSJ and "
            "报警内容/BJNR; add it as the first row."
        )


def _refuse_lacking(path: Path, headers: Sequence[str]) -> None:
    lacking = missing(headers)
    if lacking:
        raise UnreadableExport(f"{path.name} lacks the column {', '.join(lacking)}; add it.")


def _named(headers: Sequence[str], line: int, row: Sequence[object] | str) -> Row | None:
    if isinstance(row, str):
        return Row(line, fault=row)
    if all(cell is None or str(cell).strip() == "" for cell in row):
        return None
    beyond = [cell for cell in row[len(headers) :] if cell not in (None, "")]
    if beyond:
        return Row(line, fault=f"has {len(row)} fields, the heading {len(headers)}")
    cells = dict(zip(headers, row, strict=False))
    cells.pop("", None)
    if any(isinstance(cell, str) and "�" in cell for cell in cells.values()):
        return Row(line, fault="has bytes that cannot be read in the file's encoding")
    return Row(line, cells)


def _json_rows(path: Path) -> Iterator[Row]:
    size = max(path.stat().st_size, 1)
    with path.open("rb") as raw:
        encoding = encoding_of(raw.read(SAMPLE_BYTES))
        raw.seek(0)
        for number, line in enumerate(_bounded_lines(raw), 1):
            if line.strip():
                cells, fault = _json_cells(line, encoding)
                yield Row(number, cells, fault, min(raw.tell() / size, 1.0))


def _bounded_lines(raw: BinaryIO) -> Iterator[bytes]:
    """Lines, each cut at a bound so that a file without line ends cannot fill the memory."""
    while line := raw.readline(MAX_LINE_BYTES):
        if not line.endswith(b"\n") and len(line) == MAX_LINE_BYTES:
            while (rest := raw.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
        yield line


def _json_cells(line: bytes, encoding: str) -> tuple[dict[str, object], str | None]:
    try:
        found = json.loads(line.decode(encoding))
    except (ValueError, RecursionError):
        return {}, "is not JSON, or not in the file's encoding"
    if not isinstance(found, dict):
        return {}, "is not a JSON object"
    return {
        key: value if isinstance(value, str | int | float | None) else json.dumps(value)
        for key, value in found.items()
    }, None
