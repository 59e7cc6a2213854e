"""A check-up: one finding per thing that must be well, none of them changing anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from edge.district import parse
from edge.shipped import shipped_district
from server import config
from server.config import Settings
from server.domain.geo import Place
from server.services.tiles import TileDesk
from server.store import checkup
from server.store.engine import open_engine, reading
from server.store.migrate import pending
from server.vault import SECRETS_FILE, VaultError, open_vault

CLOCK_TOLERANCE = timedelta(seconds=2)
DEVICE_TOLERANCE = timedelta(minutes=1)
"""A device further ahead than this gets its fixes marked as coming from the future."""
DISK_FREE_BYTES = 512 * 1024 * 1024
_PROBE_TEXT = "报警人称：隔壁装修噪音太大，要求处理。"

BrokerFault = Callable[[Path, Settings], tuple[bool, str]]


@dataclass(frozen=True, slots=True)
class Finding:
    well: bool
    name: str
    words: str


def examine(home: Path, *, broker_fault: BrokerFault) -> list[Finding]:
    """All findings, in order. ``broker_fault`` asks the broker: ``(well, words)``."""
    return list(_examine(home, broker_fault))


def _examine(home: Path, broker_fault: BrokerFault) -> Iterator[Finding]:
    try:
        settings = config.load(home)
    except config.ConfigError as error:
        yield Finding(False, "configuration", str(error))
        return
    yield Finding(True, "configuration", f"{home / config.SETTINGS_FILE} is valid")
    yield _keys(home)
    yield from _database(home, settings)
    yield Finding(*_named("broker", broker_fault(home, settings)))
    yield _models(home)
    yield _risk(home)
    if settings.map.tiles:
        yield _tiles(home, settings)
    yield from _routing(settings)
    yield _disk(home)


def _named(name: str, found: tuple[bool, str]) -> tuple[bool, str, str]:
    return found[0], name, found[1]


def _keys(home: Path) -> Finding:
    path = home / SECRETS_FILE
    if not path.exists():
        return Finding(False, "keys", f"{path} is missing; run `xiaonao init` or restore it")
    try:
        open_vault(home)
    except VaultError as error:
        return Finding(False, "keys", str(error))
    if path.stat().st_mode & 0o077:
        return Finding(False, "keys", f"others may read {path}; run chmod 600 on it")
    return Finding(True, "keys", "readable, and only by their owner")


def _database(home: Path, settings: Settings) -> Iterator[Finding]:
    url = settings.database_url(home)
    file = checkup.sqlite_file(url)
    if file is not None and not Path(file).exists():
        yield Finding(False, "database", f"{file} is missing; run `xiaonao init` or restore it")
        return
    engine = open_engine(url)
    try:
        yield _schema(engine)
        yield _log_head(engine)
        yield from _clocks(engine)
    except SQLAlchemyError as error:
        words = f"does not answer ({type(error).__name__}); check database.url and the server"
        yield Finding(False, "database", words)
    finally:
        engine.dispose()


def _schema(engine: Engine) -> Finding:
    lacks = pending(engine)
    if lacks is not None:
        return Finding(False, "database", f"revision {lacks} is missing; run `xiaonao init`")
    with engine.connect() as raw:
        conn = raw.execution_options(writes=True)
        transaction = conn.begin()
        checkup.try_writing(conn)
        transaction.rollback()
    return Finding(True, "database", f"{engine.dialect.name}, up to date and writable")


def _log_head(engine: Engine) -> Finding:
    with reading(engine) as conn:
        fits, number = checkup.head_fits(conn)
    if fits:
        return Finding(True, "event log", f"{number} events; `xiaonao verify-log` walks them all")
    return Finding(False, "event log", f"its head does not fit event {number}; run verify-log")


def _clocks(engine: Engine) -> Iterator[Finding]:
    with reading(engine) as conn:
        there, skew = checkup.database_clock(conn), checkup.newest_device_skew(conn)
    off = abs(there - datetime.now(UTC)) if there else timedelta()
    words = f"the database is {off.total_seconds():.1f} s off"
    yield Finding(off <= CLOCK_TOLERANCE, "clocks", words)
    if skew is not None:
        ahead = skew.total_seconds()
        words = f"the newest message was sent {ahead:+.1f} s from when it was received"
        yield Finding(skew <= DEVICE_TOLERANCE, "device clocks", words)


def _models(home: Path) -> Finding:
    from triage.report import ReportText
    from triage.triager import Triager

    judge = Triager.open(home=home)
    try:
        judge.assess(ReportText("doctor", _PROBE_TEXT, None))
    except Exception as error:
        fault = judge.fault or type(error).__name__
        return Finding(False, "models", f"no usable model ({fault}); reports go to review")
    if judge.fault:
        return Finding(False, "models", f"{judge.name} serves, but {judge.fault}")
    return Finding(True, "models", f"{judge.name} loads and judges")


def _risk(home: Path) -> Finding:
    from triage.risk_served import ServedRisk

    served = ServedRisk.open(home)
    if served.fault:
        return Finding(False, "risk", f"{served.name} serves, but {served.fault}")
    return Finding(True, "risk", f"{served.name} loads")


def _tiles(home: Path, settings: Settings) -> Finding:
    faults = "; ".join(TileDesk(home, settings.map).faults())
    words = f"{faults}; the drawn map is shown instead" if faults else "every layer answers"
    return Finding(not faults, "map tiles", words)


def _routing(settings: Settings) -> Iterator[Finding]:
    """Asked from the district's centre to one of its points, where an engine is configured."""
    if not settings.routing.url:
        return
    from server.services.roads import Engine

    district = shipped_district()
    if settings.district.path:
        district = parse(Path(settings.district.path).read_text("utf-8"))
    centre, point = district.centre, district.points[0].at
    found = Engine(settings.routing).rides(
        [Place(centre.lat, centre.lon)], Place(point.lat, point.lon)
    )
    if found is None:
        words = f"{settings.routing.url} gives no times; distances are taken as straight lines"
        yield Finding(False, "routing", words)
        return
    known = "answers" if found[0] is not None else "answers, but knows no way in this district"
    yield Finding(found[0] is not None, "routing", f"{settings.routing.url} {known}")


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    return Finding(free >= DISK_FREE_BYTES, "disk", f"{free / 2**30:.1f} GiB free at {home}")
