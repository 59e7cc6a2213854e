"""Taking an export in as history: judged, searchable, counted, but opening no cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError, OperationalError

from server.domain import report as report_rules
from server.domain.errors import Invalid
from server.domain.report import NewReport
from server.domain.roles import Actor
from server.office import Office
from server.services import export_files, intake
from server.services.export_columns import to_report
from server.services.export_files import Row

BATCH_ROWS = 200
"""Rows of one transaction."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that stays out. ``why`` names the column, never its value."""

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What one batch came to; ``share`` is the part of the file read so far."""

    taken: int
    known: int
    refused: tuple[Refusal, ...]
    share: float


def import_file(office: Office, path: Path, *, source: str, actor: Actor) -> Iterator[Progress]:
    """Take in a file batch by batch; running it again adds nothing.

    Raises UnreadableExport when it is no export at all; a bad row is only refused.
    """
    rows = export_files.rows(path)
    while batch := list(islice(rows, BATCH_ROWS)):
        yield _take(office, batch, source, actor)


def _take(office: Office, batch: Sequence[Row], source: str, actor: Actor) -> Progress:
    reports: list[tuple[int, NewReport]] = []
    refused: list[Refusal] = []
    for row in batch:
        try:
            reports.append((row.line, _report(office, row, source)))
        except Invalid as error:
            refused.append(Refusal(row.line, str(error)))
        except ValueError as error:
            refused.append(Refusal(row.line, str(error)))
    new, known, failed = _store(office, reports, actor)
    return Progress(new, known, (*refused, *failed), batch[-1].share)


def _report(office: Office, row: Row, source: str) -> NewReport:
    """Raises Invalid, or ValueError for a row that could not even be read."""
    if row.fault is not None:
        raise ValueError(row.fault)
    settings = office.settings
    zone = ZoneInfo(settings.district.time_zone)
    report = to_report(row.cells, source=source, zone=zone, crs=settings.intake.import_crs)
    report_rules.check(report, office.clock())
    return report


def _store(
    office: Office, reports: Sequence[tuple[int, NewReport]], actor: Actor
) -> tuple[int, int, list[Refusal]]:
    """``(new, known, refused)``. A row the database refuses does not take its batch with it."""
    if not reports:
        return 0, 0, []
    try:
        taken = intake.take_history_many(office, [report for _, report in reports], actor)
    except OperationalError:
        raise  # the database itself is in trouble, no row is to blame
    except DBAPIError as error:
        if len(reports) == 1:
            return 0, 0, [Refusal(reports[0][0], f"the database refused it ({_name(error)})")]
        half = len(reports) // 2
        one = _store(office, reports[:half], actor)
        two = _store(office, reports[half:], actor)
        return one[0] + two[0], one[1] + two[1], one[2] + two[2]
    return sum(taken), len(taken) - sum(taken), []


def _name(error: DBAPIError) -> str:
    return type(error.orig or error).__name__
