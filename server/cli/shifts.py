"""The roster of shifts: a sheet taken in, gaps in cover ahead."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from server.cli.common import home_option, keeper, office_of, table

if TYPE_CHECKING:
    from server.office import Office

SHOWN_REFUSALS = 1000
"""Refused lines told one by one; beyond it they are only counted."""


@click.group()
def roster() -> None:
    """The roster: shifts from a sheet, and where cover falls short."""


@roster.command("import")
@home_option
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_context
def roster_import(context: click.Context, home: Path, file: Path) -> None:
    """Take in FILE, a roster sheet (.csv in UTF-8 or GBK, or .xlsx), and show gaps in cover.

    The same rules as the page 排班: columns 单元, 日期, 上岗, 下岗 and, if any, 休息起, 休息止,
    成员. The same sheet again adds nothing. A bad line is named on stderr with its number and
    reason; the others go in, and the exit code is 1.

    \b
    Example:
      xiaonao roster import 排班-2026-12.xlsx
    """
    from server.services import duty

    office = office_of(home)
    with file.open("rb") as sheet:
        content = sheet.read(duty.MAX_BYTES + 1)
    made = duty.import_sheet(office, content, file.name, keeper())
    for refusal in made.refused[:SHOWN_REFUSALS]:
        click.echo(f"line {refusal.line}: {refusal.why}", err=True)
    if len(made.refused) > SHOWN_REFUSALS:
        click.echo(f"and {len(made.refused) - SHOWN_REFUSALS} more refused lines", err=True)
    click.echo(
        f"{made.taken} shifts taken in, {made.known} already known,"
        f" {made.replaced} open duties ended, {len(made.refused)} lines refused"
    )
    _print_gaps(office)
    if made.refused:
        context.exit(1)


@roster.command("gaps")
@home_option
@click.option("--hours", type=click.IntRange(1, 744), help="Else duty.look_ahead_hours.")
def roster_gaps(home: Path, hours: int | None) -> None:
    """Show where and when a point will have too few units on duty.

    \b
    Example:
      xiaonao roster gaps --hours 168
    """
    _print_gaps(office_of(home), hours)


def _print_gaps(office: Office, hours: int | None = None) -> None:
    from server.services import duty

    seen = duty.duty_view(office, hours=hours)
    zone = ZoneInfo(office.settings.district.time_zone)

    def local(at: datetime) -> str:
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    click.echo(
        f"gaps in cover until {local(seen.until)}: {len(seen.gaps) if seen.gaps else 'none'}"
    )
    if seen.gaps:
        rows = [(g.point, local(g.start), local(g.end), g.on_duty, g.wanted) for g in seen.gaps]
        table(("point", "from", "until", "on_duty", "wanted"), rows)


COMMANDS = (roster,)
