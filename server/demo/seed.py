"""Filling a home once: roster, devices, accounts, and some past days.

Everything goes through the services, as if people had done it. Interrupted, it goes on where it
was; what it needs later (device passwords, tokens) is sealed in ``HOME/run``.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

from server import config, logs
from server.app import open_office
from server.demo import people, returning
from server.demo.past import Past
from server.demo.people import DemoUnit, demo_units
from server.domain.errors import Conflict
from server.domain.geo import Place
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts, roster
from server.supervise import sealed

SEED = 20261124
PAST = timedelta(days=3)
QUIET_END = timedelta(minutes=100)
"""The made-up past ends this long ago, when its last case is closed."""
INTAKE, DESK, DONE, DEVICES = "intake", "desk", "done", "devices"
_ADMIN = Actor("demo", Role.ADMIN)


def main() -> int:
    """``python -m … HOME``."""
    home = Path(sys.argv[1])
    settings = config.load(home)
    logs.configure(settings.log.level)
    seed(open_office(home, settings))
    return 0


def seed(office: Office) -> None:
    """Fill the home unless that was done before."""
    kept = sealed.read(office.home, office.vault, sealed.DEMO_FILE)
    if DONE in kept:
        return
    now = office.clock()
    sealed.write(office.home, office.vault, sealed.DEMO_FILE, kept)  # a demo home from here on
    early = replace(office, clock=lambda: now - PAST)
    for unit in demo_units():
        kept = _add_unit(early, unit, kept)
    kept = _add_tokens(early, kept)
    _add_users(office)
    rng = Random(SEED)  # noqa: S311 - made-up days
    regulars = returning.regulars(rng, office.district)
    returning.remember(early, rng, regulars, now - PAST)
    past = Past(office, rng, tuple(demo_units()), regulars)
    past.live_through(now - PAST, now - QUIET_END)
    sealed.write(office.home, office.vault, sealed.DEMO_FILE, kept | {DONE: now.isoformat()})


def _add_unit(office: Office, unit: DemoUnit, kept: dict[str, str]) -> dict[str, str]:
    """A unit with its members and devices; credentials are kept as soon as they exist."""
    at = next(p.at for p in office.district.points if p.name == unit.point)
    place = Place(at.lat, at.lon)
    with suppress(Conflict):
        roster.add_unit(
            office, unit.id, name=unit.name, point=unit.point, place=place, actor=_ADMIN
        )
    for member in unit.members:
        with suppress(Conflict):
            roster.add_member(office, unit.id, member)
    known = json.loads(kept.get(DEVICES, "[]"))
    for device, kind in ((unit.bodycam, "bodycam"), (unit.radio, "radio")):
        if any(entry["device_id"] == device for entry in known):
            continue
        with suppress(Conflict):
            made = roster.add_device(office, device, kind=kind, unit_id=unit.id, actor=_ADMIN)
            known.append(
                {
                    "device_id": device,
                    "unit": unit.id,
                    "kind": kind,
                    "username": made.username,
                    "password": made.password,
                    "home": {"lat": at.lat, "lon": at.lon},
                }
            )
    kept = kept | {DEVICES: json.dumps(known)}
    sealed.write(office.home, office.vault, sealed.DEMO_FILE, kept)
    return kept


def _add_tokens(office: Office, kept: dict[str, str]) -> dict[str, str]:
    """Tokens of the made-up people who act in the demo: the line, the desk, every unit."""
    wanted: list[tuple[str, Role, str | None]] = [
        (INTAKE, Role.INTAKE, None),
        (DESK, Role.DISPATCHER, None),
        *((unit.id, Role.MEDIATOR, unit.id) for unit in demo_units()),
    ]
    for name, role, unit_id in wanted:
        if name not in kept:
            kept = kept | {name: accounts.create_token(office, f"demo-{name}", role, unit_id)}
    sealed.write(office.home, office.vault, sealed.DEMO_FILE, kept)
    return kept


def _add_users(office: Office) -> None:
    for account in people.ACCOUNTS:
        with suppress(Conflict):
            accounts.create_user(
                office, account.name, people.PASSWORD, Role(account.role), account.unit_id
            )


if __name__ == "__main__":
    sys.exit(main())
