"""Composition root of the server: settings in, an open office out."""

from __future__ import annotations

from pathlib import Path

from edge.district import District, parse
from edge.shipped import shipped_district
from server.config import Settings
from server.office import Office, utc_now
from server.store.engine import open_engine
from server.store.migrate import migrate
from server.vault import open_vault
from triage.triager import Triager


def open_office(home: Path, settings: Settings) -> Office:
    """Open everything a process of the server needs; migrates the database first.

    Raises ConfigError, VaultError or SQLAlchemyError; nothing is half open afterwards.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_engine(settings.database_url(home))
    migrate(engine)
    return Office(
        home=home,
        settings=settings,
        engine=engine,
        vault=open_vault(home),
        judge=Triager.open(home=home),
        district=open_district(settings),
        clock=utc_now,
    )


def open_district(settings: Settings) -> District:
    """The site's own district, or the made-up one."""
    if settings.district.path:
        return parse(Path(settings.district.path).read_text("utf-8"))
    return shipped_district()
