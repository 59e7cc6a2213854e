"""The check-up finds each fault by name and changes nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from server.app import open_office
from server.config import Settings
from server.services.doctor import Finding, examine
from server.supervise.address import Ports, parse
from server.supervise.broker import fault_of
from server.supervise.prepare import make_home, share_secrets


@pytest.fixture
def home(tmp_path: Path) -> Path:
    found = tmp_path / "home"
    make_home(found)
    office = open_office(found, Settings())
    share_secrets(office)
    office.engine.dispose()
    return found


def _faults(home: Path) -> dict[str, str]:
    return {f.name: f.words for f in _all(home) if not f.well}


def _all(home: Path) -> list[Finding]:
    return examine(home, broker_fault=fault_of)


def test_a_fresh_home_is_well(home: Path) -> None:
    assert _faults(home) == {}
    names = [finding.name for finding in _all(home)]
    assert names == [
        "configuration",
        "keys",
        "database",
        "event log",
        "clocks",
        "broker",
        "models",
        "risk",
        "disk",
    ]


def test_a_wrong_setting_is_named(home: Path) -> None:
    (home / "xiaonao.toml").write_text("[http]\nprot = 1\n")
    assert "http.port" in _faults(home)["configuration"]


def test_keys_others_may_read(home: Path) -> None:
    (home / "secrets.toml").chmod(0o644)
    assert "chmod 600" in _faults(home)["keys"]


def test_a_missing_database_is_not_made_by_looking(home: Path) -> None:
    (home / "xiaonao.db").unlink()
    assert "missing" in _faults(home)["database"]
    assert not (home / "xiaonao.db").exists()


def test_a_database_of_an_older_release(home: Path) -> None:
    with sqlite3.connect(home / "xiaonao.db") as conn:
        conn.execute("UPDATE alembic_version SET version_num = '0000'")
    assert "init" in _faults(home)["database"]


def test_a_database_that_cannot_be_read(home: Path) -> None:
    (home / "xiaonao.db").write_bytes(b"no database at all" * 100)
    assert "does not answer" in _faults(home)["database"]


def test_a_log_whose_head_was_cut_off(home: Path) -> None:
    with sqlite3.connect(home / "xiaonao.db") as conn:
        conn.execute("DELETE FROM events WHERE id = (SELECT max(id) FROM events)")
    assert "verify-log" in _faults(home)["event log"]


def test_a_broker_that_is_configured_but_away(home: Path) -> None:
    with Ports() as ports:
        away = ports.settle(parse("127.0.0.1:0"), option="x", any_port=False)
    (home / "xiaonao.toml").write_text(f'[mqtt]\nurl = "mqtt://{away}"\n')
    assert str(away) in _faults(home)["broker"]


def test_a_model_that_was_tampered_with(home: Path) -> None:
    (home / "models").mkdir()
    (home / "models" / "CURRENT.toml").write_text("no toml = = =")
    assert "models" in _faults(home)
