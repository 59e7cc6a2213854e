"""Keeping the data: copies, and proof that nobody changed the log."""

from __future__ import annotations

from pathlib import Path

import click

from server.cli.common import home_option, office_of, settings_of


@click.command()
@home_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(home: Path, file: Path) -> None:
    """Write everything of this home folder into FILE (.tar.gz), while it is in use.

    The keys are inside: who has the file can read everything. It is written with mode 0600.

    \b
    Example:
      xiaonao backup /backup/xiaonao-2026-11-05.tar.gz
    """
    from server.services.backup import back_up

    size = back_up(home, settings_of(home), file)
    click.echo(f"{file} written, {size} bytes; it holds the keys, so keep it as safe as the data.")


@click.command()
@home_option
@click.option("--force", is_flag=True, help="Replace what is in the home folder.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore(home: Path, file: Path, force: bool) -> None:
    """Bring back what `xiaonao backup` wrote, into an empty home folder.

    \b
    Example:
      xiaonao restore --home /srv/xiaonao /backup/xiaonao-2026-11-05.tar.gz
    """
    from server.config import load
    from server.services.backup import check_target, restore_into
    from server.supervise.lock import alone
    from server.supervise.prepare import private_umask

    private_umask()
    check_target(home, file, force=force)
    with alone(home):
        restore_into(home, file, load, force=force)
    click.echo(f"{home} restored from {file}")


@click.command("verify-log")
@home_option
@click.pass_context
def verify_log(context: click.Context, home: Path) -> None:
    """Walk the hash-chained event log; exit 1 and say where it is broken, if it is.

    \b
    Example:
      xiaonao verify-log
    """
    from server.store import events
    from server.store.engine import reading

    office = office_of(home)
    with reading(office.engine) as conn:
        broken, last = events.first_break(conn), events.last_number(conn)
    if broken is None:
        click.echo(f"ok: {last} events, the chain is whole")
        return
    click.echo(f"broken at event {broken}: it was changed, removed or swapped")
    context.exit(1)


COMMANDS = (backup, restore, verify_log)
