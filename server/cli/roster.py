"""The roster: units and their devices."""

from __future__ import annotations

from pathlib import Path

import click

from server.cli.common import home_option, keeper, office_of, table
from server.cli.devices import (
    broker_of,
    device_accounts,
    device_bind,
    device_carriers,
    device_hand,
    device_renew,
    show_code,
)


@click.group()
def unit() -> None:
    """Units: who goes out together, and where they wait."""


@unit.command("add")
@home_option
@click.option("--name", required=True, help="As shown, for example 顺达一组.")
@click.option("--point", required=True, help="The mediation point they belong to.")
@click.option("--lat", type=float, help="Where they wait; taken from the district's point.")
@click.option("--lon", type=float, help="Where they wait; taken from the district's point.")
@click.option(
    "--crs",
    type=click.Choice(["WGS-84", "GCJ-02", "BD-09"]),
    default="WGS-84",
    show_default=True,
    help="Datum of --lat and --lon.",
)
@click.option("--speed-kmh", type=float, help="Their speed, if not the settings'.")
@click.option("--member", "members", multiple=True, help="A member's name; may be repeated.")
@click.option("--off-duty", is_flag=True, help="Not on duty until a shift is entered.")
@click.argument("unit_id")
def unit_add(
    home: Path,
    unit_id: str,
    name: str,
    point: str,
    lat: float | None,
    lon: float | None,
    crs: str,
    speed_kmh: float | None,
    members: tuple[str, ...],
    off_duty: bool,
) -> None:
    """Add a unit, on duty from now on.

    \b
    Example:
      xiaonao unit add shunda-1 --name 顺达一组 --point 顺达 --member 李某某
    """
    from server.domain.geo import Place, place
    from server.services import roster

    office = office_of(home, make=True)
    if lat is not None and lon is not None:
        where = place(lat=lat, lon=lon, crs=crs, field="unit")
    else:
        at = {p.name: p.at for p in office.district.points}.get(point)
        if at is None:
            raise click.UsageError(f"The district has no point {point}; give --lat and --lon.")
        where = Place(at.lat, at.lon)
    roster.add_unit(
        office,
        unit_id,
        name=name,
        point=point,
        place=where,
        actor=keeper(),
        speed_kmh=speed_kmh,
        on_duty=not off_duty,
    )
    for member in members:
        roster.add_member(office, unit_id, member)
    click.echo(f"unit {unit_id} added")


@unit.command("traits")
@home_option
@click.argument("unit_id")
@click.option("--skill", "skills", multiple=True, help="A category it is good at, as dispute.wage.")
@click.option("--area", "areas", multiple=True, help="A community it answers for.")
@click.option("--veteran", is_flag=True, help="A veteran of the police leads it.")
def unit_traits(
    home: Path, unit_id: str, skills: tuple[str, ...], areas: tuple[str, ...], veteran: bool
) -> None:
    """Say what a unit is good at and answers for, in place of what was said before.

    \b
    Example:
      xiaonao unit traits shunda-1 --skill dispute.wage --skill dispute.noise --veteran
    """
    from server.domain.unit import Traits
    from server.services import roster

    told = Traits(frozenset(skills), frozenset(areas), veteran)
    roster.set_traits(office_of(home), unit_id, told, actor=keeper())
    click.echo(f"unit {unit_id} has its traits")


@unit.command("list")
@home_option
def unit_list(home: Path) -> None:
    """All units, one line each.

    \b
    Example:
      xiaonao unit list
    """
    from server.services import roster

    rows = roster.unit_rows(office_of(home))
    table(
        ("id", "name", "point", "lat", "lon", "speed_kmh"),
        ((r.id, r.name, r.point, r.lat, r.lon, r.speed_kmh) for r in rows),
    )


@click.group()
def device() -> None:
    """Devices: bodycams, radios, phones, and their accounts at the broker."""


@device.command("add")
@home_option
@click.option("--unit", "unit_id", help="The unit that carries it.")
@click.option(
    "--kind",
    type=click.Choice(["bodycam", "radio", "phone", "tracker", "camera", "gateway"]),
    default="bodycam",
    show_default=True,
)
@click.option("--qr", is_flag=True, help="Show the login as a QR code, too.")
@click.option("--broker", default="", help="Broker as devices reach it, for the QR code.")
@click.argument("device_id")
def device_add(
    home: Path, device_id: str, unit_id: str | None, kind: str, qr: bool, broker: str
) -> None:
    """Add a device and print its MQTT user name and password, once.

    The broker of `xiaonao up` knows the account within two seconds.

    \b
    Example:
      xiaonao device add bc-01 --unit shunda-1 --kind bodycam
    """
    from server.services import devices, roster
    from server.supervise.broker import EDGE_ACCOUNT

    if device_id == EDGE_ACCOUNT:
        raise click.UsageError(f"{EDGE_ACCOUNT} is the edge agent's own account; take another id.")
    made = roster.add_device(office_of(home), device_id, kind=kind, unit_id=unit_id, actor=keeper())
    click.echo(f"username {made.username}\npassword {made.password}")
    if qr:
        show_code(devices.slip(made, broker=broker or broker_of(home)))
    click.echo("The password is shown this once; only a hash is kept.", err=True)


@device.command("list")
@home_option
def device_list(home: Path) -> None:
    """All devices, one line each.

    \b
    Example:
      xiaonao device list
    """
    from server.services import devices

    table(
        ("id", "kind", "unit", "created_at", "revoked_at", "carrier", "bound"),
        (
            (v.id, v.kind, v.unit_id, v.created_at, v.revoked_at, v.member, v.bound)
            for v in devices.views(office_of(home))
        ),
    )


@device.command("revoke")
@home_option
@click.argument("device_id")
def device_revoke(home: Path, device_id: str) -> None:
    """End a device's account; what it sent stays.

    \b
    Example:
      xiaonao device revoke bc-01
    """
    from server.services import roster

    roster.revoke_device(office_of(home), device_id, actor=keeper())
    click.echo(f"device {device_id} revoked")


for command in (device_bind, device_hand, device_carriers, device_renew, device_accounts):
    device.add_command(command)

COMMANDS = (unit, device)
