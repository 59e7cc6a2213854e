"""Devices beyond add, list and revoke: who carries them, new logins, an own Mosquitto's files."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli.common import home_option, keeper, office_of

if TYPE_CHECKING:
    from server.supervise.broker import Account


@click.command("bind")
@home_option
@click.option("--unit", "unit_id", help="The unit that carries it; empty: none.")
@click.option("--member", help="Who carries it, as named in the unit.")
@click.option("--gateway", help="The device it speaks through; silent with it.")
@click.argument("device_id")
def device_bind(
    home: Path, device_id: str, unit_id: str | None, member: str | None, gateway: str | None
) -> None:
    """Say who carries a device; what is not given is emptied.

    \b
    Example:
      xiaonao device bind rd-07 --unit shunda-1 --member 李某某 --gateway gw-1
    """
    from server.services import devices

    devices.bind(
        office_of(home), device_id, unit_id=unit_id, member=member, gateway=gateway, actor=keeper()
    )
    click.echo(f"device {device_id} bound")


@click.command("hand")
@home_option
@click.option("--member", help="Who has it from now on; empty: back with the unit.")
@click.option("--unit", "unit_id", help="Only when it goes to another unit.")
@click.argument("device_id")
def device_hand(home: Path, device_id: str, member: str | None, unit_id: str | None) -> None:
    """Hand a device over; who had it before stays on record.

    \b
    Example:
      xiaonao device hand bc-01 --member 李某某
    """
    from server.services import carrying

    office = office_of(home)
    made = carrying.hand(office, device_id, member=member, unit_id=unit_id, actor=keeper())
    click.echo(f"device {device_id} with {made.unit_id or '-'} {made.member or '-'} ({made.bound})")


@click.command("carriers")
@home_option
@click.option("--hours", type=click.IntRange(1, 744), default=24, show_default=True)
@click.argument("device_id")
def device_carriers(home: Path, device_id: str, hours: int) -> None:
    """Who carried a device in the last hours, from hand-overs and the roster, one line a stretch.

    \b
    Example:
      xiaonao device carriers bc-01 --hours 48
    """
    from server.services import carrying

    office, span = office_of(home), timedelta(hours=hours)
    now = office.clock()
    for one in carrying.who_had(office, device_id, since=now - span, until=now, actor=keeper()):
        words = (one.unit_id or "-", one.member or "-", one.bound, one.by or "roster")
        click.echo("\t".join((f"{one.start:%Y-%m-%dT%H:%M}", f"{one.end:%Y-%m-%dT%H:%M}", *words)))


@click.command("renew")
@home_option
@click.option("--broker", default="", help="Broker as devices reach it, for the QR code.")
@click.option("--qr", is_flag=True, help="Show the login as a QR code, too.")
@click.argument("device_id")
def device_renew(home: Path, device_id: str, broker: str, qr: bool) -> None:
    """A new password for a device; the old one ends at once.

    \b
    Example:
      xiaonao device renew bc-01 --qr
    """
    from server.services import devices

    office = office_of(home)
    made = devices.renew(office, device_id, actor=keeper())
    click.echo(f"username {made.username}\npassword {made.password}")
    if qr:
        show_code(devices.slip(made, broker=broker or broker_of(home)))


@click.command("accounts")
@home_option
@click.option("--edge-password", envvar="XIAONAO_EDGE_PASSWORD", help="The agent's password.")
@click.option(
    "--pid-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Mosquitto's; it is told to read its files again, which ends revoked sessions.",
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def device_accounts(
    home: Path, folder: Path, edge_password: str | None, pid_file: Path | None
) -> None:
    """Write passwd and acl of an own Mosquitto from the roster; `xiaonao up` does so by itself.

    Lines of FOLDER/passwd.own are kept beside those of the devices. Safe to run every minute:
    files that are right stay as they are.

    \b
    Example:
      xiaonao device accounts /etc/mosquitto/xiaonao --pid-file /run/mosquitto/mosquitto.pid
    """
    from server.domain.credentials import broker_hash
    from server.services import roster
    from server.supervise import broker

    folder.mkdir(parents=True, exist_ok=True)
    accounts = [
        broker.Account(row.id, row.secret_hash)
        for row in roster.device_rows(office_of(home))
        if row.revoked_at is None
    ]
    if edge_password:
        kept = broker.kept_hash(folder, broker.EDGE_ACCOUNT, edge_password)
        hashed = kept or broker_hash(edge_password)
        accounts.append(broker.Account(broker.EDGE_ACCOUNT, hashed))
    changed = broker.write_accounts(folder, [*accounts, *_own(folder / "passwd.own")])
    if changed and pid_file is not None:
        os.kill(int(pid_file.read_text().strip()), signal.SIGHUP)
    click.echo(f"{len(accounts)} accounts, {'written' if changed else 'unchanged'}")


def show_code(text: str) -> None:
    """The QR code on the terminal."""
    import segno

    segno.make(text, error="m", micro=False).terminal(compact=True)


def broker_of(home: Path) -> str:
    """Where devices reach the broker, as far as this machine knows."""
    from server.config import load
    from server.supervise.lock import running_at

    settings = load(home)
    running = running_at(home)
    return (
        settings.devices.broker
        or settings.mqtt.url
        or (f"mqtt://{running['mqtt']}" if running else "")
    )


def _own(path: Path) -> list[Account]:
    from server.supervise.broker import Account

    if not path.exists():
        return []
    pairs = (line.partition(":") for line in path.read_text("utf-8").splitlines() if ":" in line)
    return [Account(name, hashed) for name, _, hashed in pairs]
