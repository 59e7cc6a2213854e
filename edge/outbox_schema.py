"""The outbox's tables and statements (SQLite 3.37 or newer, for STRICT)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

Row = tuple[str, str, int, str, int | None, int, float, str]

FORMAT = 1

_TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id TEXT NOT NULL,
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    lowest_held INTEGER,
    urgent INTEGER NOT NULL,
    postponed INTEGER NOT NULL DEFAULT 0,
    stored_at REAL NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (device_id, boot, seq)
) STRICT;
CREATE INDEX IF NOT EXISTS outbox_turn ON outbox (postponed, urgent DESC, id);
CREATE TABLE IF NOT EXISTS dead (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    stage TEXT NOT NULL,
    topic TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS tally (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    waiting INTEGER NOT NULL,
    waiting_bytes INTEGER NOT NULL,
    dead_dropped INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO tally VALUES (1, 0, 0, 0);
CREATE TABLE IF NOT EXISTS run (
    device_id TEXT NOT NULL,
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    gap_since REAL,
    touched_at REAL NOT NULL,
    PRIMARY KEY (device_id, boot)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS above (
    device_id TEXT NOT NULL,
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (device_id, boot, seq)
) STRICT, WITHOUT ROWID;
"""

INSERT = (
    "INSERT INTO outbox (device_id, boot, seq, protocol, lowest_held, urgent, stored_at, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device_id, boot, seq) DO NOTHING"
)
DELETE = "DELETE FROM outbox WHERE id = ?"
POSTPONE = "UPDATE outbox SET postponed = postponed + 1 WHERE id = ?"
PEEK = (
    "SELECT id, device_id, boot, seq, protocol, lowest_held, urgent, body FROM outbox "
    "ORDER BY postponed, urgent DESC, id LIMIT ?"
)
TALLY = "SELECT waiting, waiting_bytes FROM tally"
GROW = "UPDATE tally SET waiting = waiting + ?, waiting_bytes = waiting_bytes + ?"
COUNTS = (
    "SELECT waiting, waiting_bytes,"
    " (SELECT count(*) FROM outbox WHERE postponed = 0 AND urgent = 1),"
    " (SELECT stored_at FROM outbox ORDER BY id LIMIT 1), (SELECT count(*) FROM dead), dead_dropped"
    " FROM tally"
)
INSERT_DEAD = "INSERT INTO dead (at, stage, topic, reason, raw) VALUES (?, ?, ?, ?, ?)"
# Beyond the bound, what nobody could read goes before what the server refused.
DROP_DEAD = (
    "DELETE FROM dead WHERE id IN (SELECT id FROM dead ORDER BY stage <> 'server' DESC, id "
    "LIMIT max(0, (SELECT count(*) FROM dead) - ?))"
)
COUNT_DROPPED = "UPDATE tally SET dead_dropped = dead_dropped + ?"
DEAD_LETTERS = "SELECT id, at, stage, topic, reason, raw FROM dead ORDER BY id DESC LIMIT ?"


def connect(path: Path) -> sqlite3.Connection:
    """The file with its tables; a commit is on disk when it returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA wal_autocheckpoint = 4000")
    db.execute("PRAGMA cache_size = -16384")
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found > FORMAT:
        db.close()
        raise sqlite3.DatabaseError(f"written by a newer version (format {found})")
    if found < FORMAT:
        db.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {FORMAT};COMMIT;")
    path.chmod(0o600)  # positions of people
    return db
