"""Running: everything at once, or part by part under a service manager."""

from __future__ import annotations

from pathlib import Path

import click

from server.cli.common import home_option, office_of, settings_of


@click.command()
@home_option
@click.option("--demo", is_flag=True, help="A made-up district, accounts and live traffic.")
@click.option("--http", metavar="HOST:PORT", help="Pages and API; port 0 takes any free one.")
@click.option("--mqtt", metavar="HOST:PORT", help="The broker; port 0 takes any free one.")
@click.option("--embedded-broker", is_flag=True, help="Do without mosquitto even if it is here.")
def up(home: Path, demo: bool, http: str | None, mqtt: str | None, embedded_broker: bool) -> None:
    """Run broker, edge agent and server on this machine until told to stop.

    Prints `ready http://HOST:PORT mqtt://HOST:PORT` when all parts answer. SIGTERM and SIGINT
    stop them in order within 10 seconds; a part that dies is started again.

    \b
    Example:
      xiaonao up --demo --http 127.0.0.1:8000
    """
    from server.supervise.address import parse
    from server.supervise.up import Wanted, run

    wanted = Wanted(
        http=parse(http) if http else None,
        mqtt=parse(mqtt) if mqtt else None,
        demo=demo,
        embedded=embedded_broker,
    )
    run(home.absolute(), settings_of(home), wanted)


@click.command()
@home_option
@click.option("--quiet", is_flag=True, help="Say nothing when all went well.")
def init(home: Path, quiet: bool) -> None:
    """Make a home folder: keys, settings file, database. Running it again migrates.

    \b
    Example:
      xiaonao init --home /srv/xiaonao
    """
    from server.supervise.prepare import make_home, private_umask, share_secrets

    private_umask()
    made = make_home(home)
    office = office_of(home)
    share_secrets(office)
    if not quiet:
        click.echo(f"{'Made' if made else 'Brought up to date:'} {home}; keep secrets.toml safe.")


@click.command()
@home_option
@click.option("--http", metavar="HOST:PORT", help="Where to listen, instead of the settings'.")
@click.option("--all", "with_clocks", is_flag=True, help="Also run the sweep and the worker.")
def serve(home: Path, http: str | None, with_clocks: bool) -> None:
    """Run the web server: pages, API, live stream.

    \b
    Example:
      xiaonao serve --home /srv/xiaonao --http 127.0.0.1:8000
    """
    from server.cli.running import run_server

    run_server(home, http, with_clocks=with_clocks)


@click.command()
@home_option
@click.option("--once", is_flag=True, help="One round, then end.")
def sweep(home: Path, once: bool) -> None:
    """Watch the deadlines: warn before, mark as missed after, assign what waits.

    \b
    Example:
      xiaonao sweep --home /srv/xiaonao
    """
    from server.cli.running import run_sweep

    run_sweep(home, once=once)


@click.command()
@home_option
@click.option("--once", is_flag=True, help="One round, then end.")
def worker(home: Path, once: bool) -> None:
    """Do the slow work: evidence, retention, the export of corrections.

    \b
    Example:
      xiaonao worker --home /srv/xiaonao
    """
    from server.cli.running import run_worker

    run_worker(home, once=once)


COMMANDS = (up, init, serve, sweep, worker)
