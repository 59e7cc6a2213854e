"""Entry point of ``xiaonao``: the group, and how errors become one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from server.cli import accounts, history, keeping, looking, parts, posts, roster, shifts

DONE, FAULTS, WRONG_USE = 0, 1, 2
DEBUG = "XIAONAO_DEBUG"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="xiaonao")
def cli() -> None:
    """Xiaonao: reports in, mediators out, every clock proven.

    \b
    Example:
      xiaonao up --demo              everything on this machine, with made-up life
      xiaonao import 2026-10.csv     past reports from an export
      xiaonao doctor                 is all well?
    """


for family in (parts, history, roster, shifts, posts, accounts, keeping, looking):
    for command in family.COMMANDS:
        cli.add_command(command)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 done with named faults, 2 wrong use."""
    try:
        code = cli.main(args=argv, prog_name="xiaonao", standalone_mode=False)
    except click.exceptions.Abort:
        return _say("Stopped; nothing more was done.", FAULTS)
    except click.ClickException as error:
        return _say(_usage(error), WRONG_USE if error.exit_code == WRONG_USE else FAULTS)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - at exit
        return FAULTS
    except Exception as error:
        if os.environ.get(DEBUG) == "1":
            raise
        return _explain(error)
    return code if isinstance(code, int) else DONE


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" Try '{context.command_path} --help'." if context else ""
    return f"{error.format_message()}{hint}".replace("\n", " ")


def _explain(error: Exception) -> int:
    """Known errors carry their sentence; of an unknown one only the name is safe to show."""
    from sqlalchemy.exc import SQLAlchemyError

    from edge.errors import EdgeError
    from server.config import ConfigError
    from server.domain.errors import OfficeError
    from server.services.errors import KeepingError
    from server.supervise.errors import SuperviseError
    from server.vault import VaultError

    if isinstance(error, ConfigError | EdgeError | OfficeError):
        return _say(str(error), WRONG_USE)
    if isinstance(error, SuperviseError | KeepingError):
        return _say(str(error), WRONG_USE if error.wrong_use else FAULTS)
    if isinstance(error, VaultError):
        return _say(str(error), FAULTS)
    name = type(error).__name__
    if isinstance(error, SQLAlchemyError):
        return _say(f"The database does not do it ({name}); run `xiaonao doctor`.", FAULTS)
    if isinstance(error, OSError):
        where = f" {error.filename}" if error.filename else ""
        return _say(f"{error.strerror or name}:{where}; check the path and its rights.", FAULTS)
    return _say(f"Something unforeseen happened ({name}); {DEBUG}=1 shows where.", FAULTS)


def _say(sentence: str, code: int) -> int:
    click.echo(f"xiaonao: {sentence}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
