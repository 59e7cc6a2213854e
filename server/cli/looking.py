"""Looking: is all well, which settings are there, what does the API say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from server.cli.common import home_option, office_of, settings_of

_PASSWORD = re.compile(r"(://[^/:@]*:)[^@]*@")


@click.command()
@home_option
@click.pass_context
def doctor(context: click.Context, home: Path) -> None:
    """Check configuration, database, event log, broker, models, clocks and disk.

    \b
    Example:
      xiaonao doctor
    """
    from server.services.doctor import examine
    from server.supervise.broker import fault_of

    if not home.is_dir():
        raise click.UsageError(f"There is no home folder {home}; make one with `xiaonao init`.")
    findings = examine(home, broker_fault=fault_of)
    for finding in findings:
        click.echo(f"{'ok   ' if finding.well else 'fault'} {finding.name}: {finding.words}")
    if not all(finding.well for finding in findings):
        context.exit(1)


@click.command()
@home_option
def settings(home: Path) -> None:
    """Print every setting with its meaning, default and present value.

    \b
    Example:
      xiaonao settings
    """
    from server.config import ENV_PREFIX, known_keys
    from server.supervise.prepare import toml_value

    now = settings_of(home)
    for table, key, description, default in known_keys():
        value = getattr(getattr(now, table), key)
        if isinstance(value, str):
            value = _PASSWORD.sub(r"\1***@", value)
        changed = "" if value == default else f"   # default {toml_value(default)}"
        click.echo(f"{table}.{key} = {toml_value(value)}{changed}")
        click.echo(f"    {description}  [{ENV_PREFIX}{table.upper()}__{key.upper()}]")


@click.command()
def openapi() -> None:
    """Print the API's description (OpenAPI 3.1, JSON).

    \b
    Example:
      xiaonao openapi > openapi.json
    """
    from server.cli.running import api_description

    click.echo(json.dumps(api_description(), ensure_ascii=False, indent=2))


@click.command("broker-config")
@home_option
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def broker_config(home: Path, folder: Path) -> None:
    """Write password file and ACL for a Mosquitto of your own into FOLDER.

    The edge agent's account is xn-edge with the password of mqtt.password. Run it again after
    adding or revoking a device, then let the broker reread them (SIGHUP).

    \b
    Example:
      xiaonao broker-config /etc/mosquitto/xiaonao && systemctl reload mosquitto
    """
    from server.domain.credentials import broker_hash
    from server.services import roster
    from server.supervise.broker import EDGE_ACCOUNT, Account, kept_hash, write_accounts

    password = settings_of(home).mqtt.password.get_secret_value()
    if not password:
        raise click.UsageError("Set mqtt.password first; the edge agent signs in with it.")
    rows = roster.device_rows(office_of(home))
    devices = [Account(row.id, row.secret_hash) for row in rows if row.revoked_at is None]
    folder.mkdir(parents=True, exist_ok=True)
    agent = kept_hash(folder, EDGE_ACCOUNT, password) or broker_hash(password)
    changed = write_accounts(folder, [Account(EDGE_ACCOUNT, agent), *devices])
    click.echo(f"{len(devices)} devices in {folder}, {'changed' if changed else 'unchanged'}")


COMMANDS = (doctor, settings, openapi, broker_config)
