"""The outbox's tables and statements (SQLite 3.37 or newer, for STRICT)."""

from __future__ import annotations

import sqlite3
from pathlib import Path

Row = tuple[str, str, int, str, int | None, int, int, float, str]

FORMAT = 2

_TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id TEXT NOT NULL,
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    lowest_held INTEGER,
    urgent INTEGER NOT NULL,
    rank INTEGER NOT NULL DEFAULT 1,
    postponed INTEGER NOT NULL DEFAULT 0,
    stored_at REAL NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (device_id, boot, seq)
) STRICT;
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
    dead_dropped INTEGER NOT NULL,
    shed INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT OR IGNORE INTO tally VALUES (1, 0, 0, 0, 0);
CREATE TABLE IF NOT EXISTS run (
    device_id TEXT NOT NULL,
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    gap_since REAL,
    touched_at REAL NOT NULL,
    shed_to INTEGER NOT NULL DEFAULT -1,
    PRIMARY KEY (device_id, boot)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS above (
    device_id TEXT NOT NULL,
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (device_id, boot, seq)
) STRICT, WITHOUT ROWID;
"""

# Few rows are urgent or postponed; the others go in order of their id and need no index.
_INDEXES = """
CREATE TABLE IF NOT EXISTS void (
    device_id TEXT NOT NULL,
    boot TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (device_id, boot, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS outbox_urgent ON outbox (id) WHERE urgent = 1;
CREATE INDEX IF NOT EXISTS outbox_postponed ON outbox (postponed, urgent DESC, id)
    WHERE postponed > 0;
"""
_FROM_1 = """
ALTER TABLE outbox ADD COLUMN rank INTEGER NOT NULL DEFAULT 1;
UPDATE outbox SET rank = CASE json_extract(body, '$.kind')
    WHEN 'alarm' THEN 2 WHEN 'position' THEN 1 WHEN 'presence' THEN 1 ELSE 0 END;
ALTER TABLE tally ADD COLUMN shed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN shed_to INTEGER NOT NULL DEFAULT -1;
DROP INDEX IF EXISTS outbox_turn;
"""

INSERT = (
    "INSERT INTO outbox "
    "(device_id, boot, seq, protocol, lowest_held, urgent, rank, stored_at, body) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device_id, boot, seq) DO NOTHING"
)
DELETE = "DELETE FROM outbox WHERE id = ?"
POSTPONE = "UPDATE outbox SET postponed = postponed + 1 WHERE id = ?"
_PEEK = "SELECT id, device_id, boot, seq, protocol, lowest_held, urgent, body FROM outbox "
PEEK = (
    _PEEK + "WHERE urgent = 1 AND postponed = 0 ORDER BY id LIMIT ?",
    _PEEK + "WHERE urgent = 0 AND postponed = 0 ORDER BY id LIMIT ?",
    _PEEK + "WHERE postponed > 0 ORDER BY postponed, urgent DESC, id LIMIT ?",
)
ADD_VOID = "INSERT OR IGNORE INTO void VALUES (?, ?, ?)"
VOIDS = "SELECT device_id, boot, seq FROM void LIMIT ?"
DROP_VOID = "DELETE FROM void WHERE device_id = ? AND boot = ? AND seq = ?"
LAST_ID = "SELECT coalesce(max(id), 0) FROM outbox"
SIZE_SINCE = "SELECT coalesce(sum(length(CAST(body AS BLOB))), 0) FROM outbox WHERE id > ?"
SHED = (
    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE rank = ? AND id <= ? "
    "ORDER BY id LIMIT ?) RETURNING rank, length(CAST(body AS BLOB)), protocol, device_id, "
    "boot, seq"
)
SHED_OLD = (
    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE rank < 2 AND stored_at < ? "
    "ORDER BY id LIMIT ?) RETURNING rank, length(CAST(body AS BLOB)), protocol, device_id, "
    "boot, seq"
)
COUNT_SHED = (
    "UPDATE tally SET shed = shed + ?, waiting = waiting - ?, waiting_bytes = waiting_bytes - ?"
)
TALLY = "SELECT waiting, waiting_bytes FROM tally"
GROW = "UPDATE tally SET waiting = waiting + ?, waiting_bytes = waiting_bytes + ?"
COUNTS = (
    "SELECT waiting, waiting_bytes,"
    " (SELECT count(*) FROM outbox WHERE postponed = 0 AND urgent = 1),"
    " (SELECT stored_at FROM outbox ORDER BY id LIMIT 1), (SELECT count(*) FROM dead),"
    " dead_dropped, shed FROM tally"
)
INSERT_DEAD = "INSERT INTO dead (at, stage, topic, reason, raw) VALUES (?, ?, ?, ?, ?)"
# Beyond the bound, what nobody could read goes before what the server refused.
DROP_DEAD = (
    "DELETE FROM dead WHERE id IN (SELECT id FROM dead ORDER BY stage <> 'server' DESC, id "
    "LIMIT max(0, (SELECT count(*) FROM dead) - ?))"
)
COUNT_DROPPED = "UPDATE tally SET dead_dropped = dead_dropped + ?"
DEAD_LETTERS = "SELECT id, at, stage, topic, reason, raw FROM dead ORDER BY id DESC LIMIT ?"


def connect(path: Path, *, cache_kib: int) -> sqlite3.Connection:
    """The file with its tables; a commit is on disk when it returns.

    ``cache_kib`` bounds the pages held in memory; what is more goes to disk before the commit.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA wal_autocheckpoint = 4000")
    db.execute(f"PRAGMA cache_size = -{cache_kib}")
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found > FORMAT:
        db.close()
        raise sqlite3.DatabaseError(f"written by a newer version (format {found})")
    if found < FORMAT:
        steps = (_FROM_1 if found == 1 else _TABLES) + _INDEXES
        db.executescript(f"BEGIN IMMEDIATE;{steps}PRAGMA user_version = {FORMAT};COMMIT;")
    path.chmod(0o600)  # positions of people
    return db
