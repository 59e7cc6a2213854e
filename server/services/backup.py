"""One file that holds an office: made while it works, checked before it is brought back.

The archive (``.tar.gz``) holds the database as of one moment, the keys, the settings, the models
of the home folder, and ``manifest.json`` with the SHA-256 of every file. Telemetry that still
waits in the agent's outbox is inside too; handing it on twice does no harm.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from server.config import Settings
from server.services.errors import BackupFailed, RestoreRefused
from server.store.checkup import sqlite_file

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "xiaonao.db"
DUMP = "postgresql.dump"
OUTBOX = "outbox.db"
FILES = ("secrets.toml", "xiaonao.toml", "corrections.jsonl", "vapid.pem")
FOLDERS = ("models", "risk", "signing")
SEALED = "run"
"""Only the sealed files of it: locks and addresses belong to a running machine."""

LoadSettings = Callable[[Path], Settings]


def back_up(home: Path, settings: Settings, file: Path) -> int:
    """Write the archive; its size in bytes. Raises BackupFailed, leaving no half file."""
    if not (home / FILES[0]).exists():
        raise BackupFailed(f"{home} is no home folder; name it with --home.")
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with tempfile.TemporaryDirectory(dir=home, prefix=".backup-") as folder:
            stage = Path(folder)
            _collect(home, settings, stage)
            _write_manifest(stage, "postgresql" if (stage / DUMP).exists() else "sqlite")
            _pack(stage, draft)
        draft.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"The backup failed: {error}; check space and rights.") from error
    finally:
        draft.unlink(missing_ok=True)
    return file.stat().st_size


def check_target(home: Path, file: Path, *, force: bool) -> None:
    """Raises RestoreRefused before anything is touched."""
    if not file.is_file():
        raise RestoreRefused(f"There is no file {file}; check the path.")
    if force or not home.exists():
        return
    kept = [entry.name for entry in home.iterdir() if entry.name != SEALED]
    if kept:
        raise RestoreRefused(
            f"{home} is not empty; choose another --home, or --force to replace what is there."
        )


def restore_into(home: Path, file: Path, load: LoadSettings, *, force: bool = False) -> None:
    """Unpack, check every checksum, then move into place. Raises RestoreRefused."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as folder:
        stage = Path(folder)
        _unpack(file, stage)
        _check(file, stage)
        settings = load(stage)
        if (stage / DUMP).exists():
            _load_dump(settings.database.url, stage / DUMP, force=force)
        _move(stage, home, settings)


def _collect(home: Path, settings: Settings, stage: Path) -> None:
    url = settings.database_url(home)
    path = sqlite_file(url)
    if path is None:
        _dump(url, stage / DUMP)
    else:
        _copy_sqlite(Path(path), stage / DATABASE)
    if (home / OUTBOX).exists():
        _copy_sqlite(home / OUTBOX, stage / OUTBOX)
    for name in FILES:
        if (home / name).exists():
            shutil.copy2(home / name, stage / name)
    for name in FOLDERS:
        if (home / name).is_dir():
            shutil.copytree(home / name, stage / name)
    for sealed in (home / SEALED).glob("*.sealed"):
        (stage / SEALED).mkdir(exist_ok=True)
        shutil.copy2(sealed, stage / SEALED / sealed.name)


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own online backup: one moment's state, however many write meanwhile."""
    if not source.exists():
        raise BackupFailed(f"{source} is missing; run `xiaonao doctor`.")
    here, there = sqlite3.connect(source, timeout=15), sqlite3.connect(target)
    try:
        here.backup(there)
    finally:
        here.close()
        there.close()


def _write_manifest(stage: Path, database: str) -> None:
    sums = {name: _sha256(stage / name) for name in _names(stage)}
    about = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "database": database,
        "sha256": sums,
    }
    (stage / MANIFEST).write_text(json.dumps(about, indent=1), "utf-8")


def _names(stage: Path) -> Iterator[str]:
    for path in sorted(stage.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            yield path.relative_to(stage).as_posix()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pack(stage: Path, draft: Path) -> None:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        os.fdopen(descriptor, "wb") as raw,
        tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive,
    ):
        for name in (MANIFEST, *_names(stage)):
            archive.add(stage / name, arcname=name)


def _unpack(file: Path, stage: Path) -> None:
    try:
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(stage, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise RestoreRefused(f"{file} is no whole backup ({type(error).__name__}).") from error


def _check(file: Path, stage: Path) -> None:
    try:
        about = json.loads((stage / MANIFEST).read_text("utf-8"))
        sums = dict(about["sha256"])
        known = about["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RestoreRefused(f"{file} was not written by `xiaonao backup`.") from error
    if not known:
        raise RestoreRefused(f"{file} has another format; restore it with the release it is from.")
    found = {name: _sha256(stage / name) for name in _names(stage)}
    for name in sorted(found.keys() | sums.keys()):
        if found.get(name) != sums.get(name):
            raise RestoreRefused(f"{name} in {file} is damaged; take another backup.")


def _move(stage: Path, home: Path, settings: Settings) -> None:
    for name in [*_names(stage)]:
        if name == DUMP:
            continue
        target = home / name
        if name == DATABASE:
            target = Path(sqlite_file(settings.database_url(home)) or target)
        target.parent.mkdir(parents=True, exist_ok=True)
        for leftover in ("-wal", "-shm"):
            target.with_name(target.name + leftover).unlink(missing_ok=True)
        shutil.move(stage / name, target)


def _dump(url: str, target: Path) -> None:
    _run_tool("pg_dump", url, "--format=custom", "--no-owner", f"--file={target}")


def _load_dump(url: str, dump: Path, *, force: bool) -> None:
    """Into an empty database, or over a full one when forced; all of it or nothing."""
    replace = ("--clean", "--if-exists") if force else ()
    _run_tool(
        "pg_restore",
        url,
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        *replace,
        str(dump),
    )


def _run_tool(name: str, url: str, *arguments: str) -> None:
    """Run a PostgreSQL tool; the password travels by environment, never by command line."""
    binary = shutil.which(name)
    if binary is None:
        raise BackupFailed(f"{name} is not on PATH; install the PostgreSQL client.")
    parsed = make_url(url)
    env = os.environ | ({"PGPASSWORD": str(parsed.password)} if parsed.password else {})
    pairs = {
        "--host": parsed.host or parsed.query.get("host"),
        "--port": parsed.port,
        "--username": parsed.username,
        "--dbname": parsed.database,
    }
    where = [f"{option}={value}" for option, value in pairs.items() if value]
    done = subprocess.run(  # noqa: S603 - the tool found on PATH
        [binary, *where, *arguments], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        first = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise BackupFailed(f"{name} failed: {first}; nothing was changed.")
