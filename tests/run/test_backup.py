"""Backups made while the office works, and brought back whole or not at all."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from server import config
from server.app import open_office
from server.config import Settings
from server.domain.geo import Place
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import roster
from server.services.backup import MANIFEST, back_up, check_target, restore_into
from server.services.errors import BackupFailed, RestoreRefused
from server.store import events
from server.store.engine import open_engine, reading
from server.supervise.errors import HomeInUse
from server.supervise.lock import alone, working
from server.supervise.prepare import make_home, share_secrets

ADMIN = Actor("test", Role.ADMIN)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    found = tmp_path / "home"
    make_home(found)
    return found


@pytest.fixture
def kept(home: Path) -> Iterator[Office]:
    """An office with something in it."""
    office = open_office(home, Settings())
    share_secrets(office)
    _add(office, "u-1")
    (home / "models" / "triage-x").mkdir(parents=True)
    (home / "models" / "triage-x" / "card.md").write_text("made up")
    yield office
    office.engine.dispose()


def _add(office: Office, unit_id: str) -> None:
    place = Place(30.42, 120.3)
    roster.add_unit(office, unit_id, name=unit_id, point="顺达", place=place, actor=ADMIN)


def _units(home: Path) -> list[str]:
    office = open_office(home, config.load(home))
    try:
        with reading(office.engine) as conn:
            assert events.first_break(conn) is None
        return [row.id for row in roster.unit_rows(office)]
    finally:
        office.engine.dispose()


def test_a_round_trip_brings_everything_back(kept: Office, tmp_path: Path) -> None:
    file, there = tmp_path / "b.tar.gz", tmp_path / "there"
    size = back_up(kept.home, kept.settings, file)
    assert size == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    _add(kept, "u-2")  # after the backup: not in it
    check_target(there, file, force=False)
    restore_into(there, file, config.load)
    assert _units(there) == ["u-1"]
    assert (there / "secrets.toml").read_bytes() == (kept.home / "secrets.toml").read_bytes()
    assert (there / "models/triage-x/card.md").read_text() == "made up"
    assert (there / "run/parts.sealed").exists()


def test_a_backup_beside_an_open_writing_transaction_holds_the_state_before(
    kept: Office, tmp_path: Path
) -> None:
    writer = sqlite3.connect(kept.home / "xiaonao.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE units SET name = 'half done'")
    back_up(kept.home, kept.settings, tmp_path / "b.tar.gz")
    writer.execute("ROLLBACK")
    writer.close()
    restore_into(tmp_path / "there", tmp_path / "b.tar.gz", config.load)
    restored = sqlite3.connect(tmp_path / "there" / "xiaonao.db")
    assert restored.execute("SELECT name FROM units").fetchall() == [("u-1",)]
    restored.close()


def test_a_home_with_content_is_replaced_only_by_force(kept: Office, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    back_up(kept.home, kept.settings, file)
    _add(kept, "u-2")
    kept.engine.dispose()
    with pytest.raises(RestoreRefused, match="--force"):
        check_target(kept.home, file, force=False)
    check_target(kept.home, file, force=True)
    restore_into(kept.home, file, config.load, force=True)
    assert _units(kept.home) == ["u-1"]


def test_a_home_in_use_cannot_be_had_alone(home: Path) -> None:
    with working(home), pytest.raises(HomeInUse), alone(home):
        pass


def _tampered(file: Path, name: str) -> Path:
    """The archive with one byte more in one file."""
    other = file.with_name("tampered.tar.gz")
    with tarfile.open(file) as before, tarfile.open(other, "w:gz") as after:
        for member in before.getmembers():
            stream = before.extractfile(member)
            assert stream is not None
            data = stream.read() + (b"!" if member.name == name else b"")
            member.size = len(data)
            after.addfile(member, io.BytesIO(data))
    return other


@pytest.mark.parametrize("name", ["xiaonao.db", "secrets.toml", "models/triage-x/card.md"])
def test_a_damaged_file_is_named_and_nothing_is_restored(
    kept: Office, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "b.tar.gz"
    back_up(kept.home, kept.settings, file)
    there = tmp_path / "there"
    with pytest.raises(RestoreRefused, match=name):
        restore_into(there, _tampered(file, name), config.load)
    assert list(there.iterdir()) == []


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    plain, foreign = tmp_path / "plain", tmp_path / "foreign.tar.gz"
    plain.write_bytes(b"no archive")
    with tarfile.open(foreign, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo(MANIFEST))
    for file in (plain, foreign):
        with pytest.raises(RestoreRefused):
            restore_into(tmp_path / "there", file, config.load)
    with pytest.raises(RestoreRefused, match="no file"):
        check_target(tmp_path / "there", tmp_path / "missing", force=False)


def test_a_folder_that_is_no_home_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="no home folder"):
        back_up(tmp_path, Settings(), tmp_path / "b.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_postgresql_goes_through_its_own_tools(office: Office, tmp_path: Path) -> None:
    """Both databases by the fixture; on PostgreSQL the archive holds a dump."""
    if office.engine.dialect.name == "sqlite":
        pytest.skip("the other tests cover SQLite")
    url = office.engine.url.render_as_string(hide_password=False)
    plain = url.replace("postgresql+psycopg", "postgresql")
    settings = Settings.model_validate({"database": {"url": plain}})
    office = replace(office, settings=settings)
    _add(office, "u-1")
    (office.home / "xiaonao.toml").write_text(f'[database]\nurl = "{plain}"\n')
    back_up(office.home, settings, tmp_path / "b.tar.gz")
    _add(office, "u-2")
    with pytest.raises(BackupFailed, match="nothing was changed"):
        restore_into(tmp_path / "there", tmp_path / "b.tar.gz", config.load)
    assert len(roster.unit_rows(office)) == 2
    office.engine.dispose()
    restore_into(tmp_path / "there", tmp_path / "b.tar.gz", config.load, force=True)
    with open_engine(plain).connect() as conn:
        assert conn.execute(text("SELECT id FROM units")).scalars().all() == ["u-1"]
