"""The two walks of the house on a whole system, once on each database."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).parent))

from both_walks import judging_model, walk
from running import System, running, until

from triage.registry import Registry
from triage.shipped import datasets_dir, models_dir

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture(params=["sqlite", "postgresql"])
def own_database(request: pytest.FixtureRequest) -> str:
    """Empty: SQLite in the home folder; else an empty PostgreSQL database."""
    if request.param == "sqlite":
        return ""
    server = request.getfixturevalue("postgres")
    name = f"walk_{os.urandom(4).hex()}"
    admin = create_engine(
        f"{server}/postgres".replace("postgresql://", "postgresql+psycopg://"),
        isolation_level="AUTOCOMMIT",
    )
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name}"))
    return f"{server}/{name}"


@pytest.fixture(scope="module")
def thin_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sixteenth text of each shipped file: what training costs goes by the square."""
    folder = tmp_path_factory.mktemp("corpus")
    for file in sorted((datasets_dir() / "corpus").glob("*.jsonl")):
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / file.name).write_text("".join(rows[::16]), encoding="utf-8")
    return folder


def serve_thin(system: System, corpus: Path) -> None:
    """Let a model of the thin corpus serve, by the registry: the gate would rightly refuse it.
    The next one, of the same corpus and a correction, has to pass the gate against it."""
    name = "triage-thin.1"
    where = ("--home", str(system.home), "--corpus", str(corpus))
    system.run("xiaonao-triage", "train", *where, "--name", name)
    Registry(models_dir(), system.home / "models").promote(name, "张某某", "旅程测试")
    until(lambda: judging_model(system) == name, why="the server never took the thin model")


def test_report_to_closed_case_and_correction_to_new_model(
    own_database: str, tmp_path: Path, thin_corpus: Path
) -> None:
    with running(tmp_path / "var", database_url=own_database) as system:
        if not own_database:
            serve_thin(system, thin_corpus)
        seen = walk(system, promote=not own_database, corpus=thin_corpus)
        checked = system.run("xiaonao", "verify-log")
        doctor = system.run("xiaonao", "doctor")
        assert system.stop() < 10
    assert seen["timeline"][0] == "report_taken"
    assert "case_closed" in seen["timeline"]
    assert "fault" not in doctor.stdout
    assert checked.returncode == 0
