"""Real parts for every test: a SQLite file, a PostgreSQL server, the shipped model."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from edge.shipped import shipped_district
from server.config import Settings
from server.domain.roles import Actor, Role
from server.office import Judge, Office
from server.store.engine import open_engine
from server.store.migrate import migrate
from server.supervise.address import Ports, parse
from server.vault import open_vault
from triage.risk_served import ServedRisk
from triage.triager import Triager

START = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
_PORTS = Ports()
_PG_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@dataclass
class Clock:
    """A clock the test moves; below the services time is an argument anyway."""

    now: datetime = field(default=START)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """The shipped model, loaded once."""
    return Triager.open(home=tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own; its URL without a database name."""
    if not _PG_BINARIES:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is missing; run .ci/packages first")
        pytest.skip("PostgreSQL is not installed; run .ci/packages")
    with tempfile.TemporaryDirectory(prefix="xn-pg-", ignore_cleanup_errors=True) as folder:
        yield from _run_postgres(_PG_BINARIES[-1], Path(folder))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """Name of a migrated database that tests copy."""
    with _admin(postgres).connect() as conn:
        conn.execute(text("CREATE DATABASE template_xn"))
    engine = open_engine(f"{postgres}/template_xn")
    migrate(engine)
    engine.dispose()
    return "template_xn"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated database of each kind."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "xiaonao.db")
        yield f"sqlite:///{tmp_path / 'xiaonao.db'}"
        return
    server = request.getfixturevalue("postgres")
    template = request.getfixturevalue("postgres_template")
    name = f"xn_{os.urandom(6).hex()}"
    with _admin(server).connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield f"{server}/{name}"
    with _admin(server).connect() as conn:
        conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def office(engine: Engine, tmp_path: Path, judge: Judge, clock: Clock) -> Office:
    """An open office on each database, with a clock the test moves."""
    return Office(
        home=tmp_path,
        settings=Settings(),
        engine=engine,
        vault=open_vault(tmp_path),
        judge=judge,
        district=shipped_district(),
        clock=clock,
        risk=ServedRisk.open(tmp_path),
    )


@pytest.fixture
def with_settings(office: Office) -> Callable[..., Office]:
    """The same office under other settings: ``with_settings(dispatch={"mode": "suggest"})``."""

    def make(**tables: dict[str, object]) -> Office:
        return replace(office, settings=Settings.model_validate(tables))

    return make


@pytest.fixture
def intake() -> Actor:
    return Actor("110-link", Role.INTAKE)


@pytest.fixture
def dispatcher() -> Actor:
    return Actor("zhihui", Role.DISPATCHER)


def _admin(server: str) -> Engine:
    return create_engine(
        f"{server}/postgres".replace("postgresql://", "postgresql+psycopg://"),
        isolation_level="AUTOCOMMIT",
    )


def _run_postgres(binaries: Path, folder: Path) -> Iterator[str]:
    prefix = _as_postgres(folder)
    data, port = folder / "data", _free_port()
    quiet: dict[str, int] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    init = [str(binaries / "initdb"), "-D", str(data), "-U", "xn", "-A", "trust", "-E", "UTF8"]
    subprocess.run([*prefix, *init, "--locale=C.UTF-8", "--no-sync"], check=True, **quiet)
    control = [*prefix, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    options = f"-p {port} -k {folder} -c fsync=off -c listen_addresses=127.0.0.1"
    subprocess.run([*control, "-o", options, "start"], check=True, **quiet)
    try:
        yield f"postgresql://xn@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, **quiet)


def _as_postgres(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: then the Debian account of the package runs it."""
    if os.geteuid() != 0:
        return []
    shutil.chown(folder, "postgres", "postgres")
    return ["runuser", "-u", "postgres", "--"]


def _free_port() -> int:
    return _PORTS.settle(parse("127.0.0.1:0"), option="", any_port=False).port
