"""What every command shares: the home folder, the office in it, tables on the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from server.config import Settings
    from server.domain.roles import Actor
    from server.office import Office

Command = TypeVar("Command", bound=Callable[..., Any])


def home_option(command: Command) -> Command:
    """``--home DIR``, or ``XIAONAO_HOME``, or ``./var``."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="XIAONAO_HOME",
        default="var",
        show_default="./var",
        help="The home folder; also XIAONAO_HOME.",
    )(command)


def settings_of(home: Path) -> Settings:
    """The settings of a home folder; they may also come from the environment alone."""
    from server.config import load

    return load(home)


def office_of(home: Path, *, make: bool = False) -> Office:
    """The office of a home folder. Raises UsageError when there is none and none may be made."""
    if not home.is_dir() and make:
        click.echo(f"new home folder {home}", err=True)
    elif not home.is_dir():
        raise click.UsageError(f"There is no home folder {home}; make one with `xiaonao init`.")
    from server import logs
    from server.app import open_office

    settings = settings_of(home)
    logs.configure(settings.log.level)
    return open_office(home, settings)


def keeper() -> Actor:
    """Who acts here: whoever may use the home folder's files administers it."""
    from server.domain.roles import Actor, Role

    return Actor("command-line", Role.ADMIN)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Tab-separated lines with a heading: easy to read, easy to cut."""
    click.echo("\t".join(headings))
    for row in rows:
        click.echo("\t".join("-" if value is None else str(value) for value in row))
