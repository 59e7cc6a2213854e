"""The two walks of the house on a whole system, once on each database."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).parent))

from both_walks import walk
from running import running

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


def test_report_to_closed_case_and_correction_to_new_model(
    own_database: str, tmp_path: Path
) -> None:
    with running(tmp_path / "var", database_url=own_database) as system:
        seen = walk(system, promote=not own_database)
        checked = system.run("xiaonao", "verify-log")
        doctor = system.run("xiaonao", "doctor")
        assert system.stop() < 10
    assert seen["timeline"][0] == "report_taken"
    assert "case_closed" in seen["timeline"]
    assert "fault" not in doctor.stdout
    assert checked.returncode == 0
