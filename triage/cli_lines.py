"""What commands that read JSON Lines share: opening, answering line by line, the exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from triage.errors import BadRow, WrongUse
from triage.rows import id_of, parse_object


def answer_each(lines: Iterable[bytes], answer: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """One answer a line, in order, as soon as it is known; the number of bad lines."""
    faults = 0
    for _, line in numbered(lines):
        row: dict[str, Any] = {}
        try:
            row = parse_object(line)
            _print(answer(row))
        except BadRow as error:
            faults += 1
            _print({"id": id_of(row), "error": error.why})
    return faults


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines that hold anything, with their numbers."""
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


@contextmanager
def opened(file: str) -> Iterator[IO[bytes]]:
    """The file, or standard input for ``-``."""
    if file == "-":
        yield sys.stdin.buffer
        return
    path = Path(file)
    if not path.is_file():
        raise WrongUse(f"{file} is no file that can be read; give a file or -.")
    with path.open("rb") as handle:
        yield handle


def leave(faults: int) -> None:
    """Exit with 1 when lines were bad."""
    if faults:
        click.echo(f"{faults} lines could not be read; each is named.", err=True)
        sys.exit(1)


def _print(row: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    sys.stdout.flush()
