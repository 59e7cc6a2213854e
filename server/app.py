"""Composition root of the server: settings in, an open office out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from edge.district import District, parse
from edge.shipped import shipped_district
from server.config import Settings
from server.office import Office, Roads, utc_now
from server.store.engine import open_engine
from server.store.migrate import migrate
from server.vault import open_vault
from triage.assessment import Assessment
from triage.report import ReportText
from triage.risk_served import ServedRisk
from triage.signing import FOLDER, make_site_key
from triage.triager import Triager


def open_office(home: Path, settings: Settings) -> Office:
    """Open everything a process of the server needs; migrates the database first.

    Raises ConfigError, VaultError or SQLAlchemyError; nothing is half open afterwards.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    make_site_key(home / FOLDER, utc_now())
    engine = open_engine(settings.database_url(home))
    migrate(engine)
    return Office(
        home=home,
        settings=settings,
        engine=engine,
        vault=open_vault(home),
        judge=LateJudge(home),
        district=open_district(settings),
        clock=utc_now,
        roads=open_roads(settings),
        risk=ServedRisk.open(home),
    )


def open_roads(settings: Settings) -> Roads | None:
    """The site's routing engine, if it has one."""
    if not settings.routing.url:
        return None
    from server.services.roads import Engine  # an HTTP client that few sites need

    return Engine(settings.routing)


class LateJudge:
    """The model of a home, opened when it is first asked: most commands never ask."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = Lock()
        self._triager: Triager | None = None

    @property
    def name(self) -> str | None:
        return self._opened().name

    @property
    def fault(self) -> str | None:
        return self._opened().fault

    def assess_many(self, reports: Sequence[ReportText]) -> list[Assessment]:
        return self._opened().assess_many(reports)

    def _opened(self) -> Triager:
        with self._lock:
            if self._triager is None:
                self._triager = Triager.open(home=self._home)
            return self._triager


def open_district(settings: Settings) -> District:
    """The site's own district, or the made-up one."""
    if settings.district.path:
        return parse(Path(settings.district.path).read_text("utf-8"))
    return shipped_district()
