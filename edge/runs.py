"""How far each run of each device is confirmed, kept beside the outbox in the same file."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from edge.confirming import Ack, Outstanding, Run, advance

KEEP_S = 30 * 86_400.0
MAX_RUNS = 100_000
_PRUNE_EVERY = 1000

Number = tuple[str, str, int, int | None]
"""device_id, boot, seq, lowest_held."""


class Runs:
    """Works inside the caller's transaction."""

    def __init__(self, db: sqlite3.Connection, *, gap_s: float) -> None:
        self._db = db
        self._gap_s = gap_s
        self._calls = 0

    def confirm(self, numbers: Iterable[Number], *, now_s: float) -> tuple[tuple[Ack, ...], int]:
        """Notes numbers as stored; one Ack a run that has anything confirmed, and given-up ones."""
        stored: dict[tuple[str, str], set[int]] = defaultdict(set)
        held: dict[tuple[str, str], int] = {}
        for device_id, boot, seq, lowest_held in numbers:
            stored[device_id, boot].add(seq)
            if lowest_held is not None:
                held[device_id, boot] = max(lowest_held, held.get((device_id, boot), 0))
        acks: list[Ack] = []
        given_up = 0
        for key, seqs in stored.items():
            run, skipped = self._advance(key, seqs, held.get(key), now_s)
            given_up += skipped
            if run.seq >= 0:
                acks.append(Ack(*key, run.seq))
        self._prune(now_s)
        return tuple(acks), given_up

    def shed(self, numbers: Iterable[tuple[str, str, int]], *, now_s: float) -> None:
        """Notes that these were let go: no rule but the device's own word may pass them."""
        highest: dict[tuple[str, str], int] = {}
        for device_id, boot, seq in numbers:
            highest[device_id, boot] = max(seq, highest.get((device_id, boot), -1))
        self._db.executemany(
            "INSERT INTO run (device_id, boot, seq, touched_at, shed_to) VALUES (?, ?, -1, ?, ?) "
            "ON CONFLICT (device_id, boot) DO UPDATE SET "
            "shed_to = max(shed_to, excluded.shed_to), touched_at = excluded.touched_at",
            [(*key, now_s, seq) for key, seq in highest.items()],
        )

    def _advance(
        self, key: tuple[str, str], seqs: set[int], lowest_held: int | None, now_s: float
    ) -> tuple[Run, int]:
        before, shed_to = self._load(key)
        outstanding = Outstanding(self._lowest_in_outbox(key, before.seq), lowest_held, shed_to)
        after = advance(before, seqs, outstanding=outstanding, now_s=now_s, gap_s=self._gap_s)
        self._save(key, before, after.run, now_s)
        return after.run, after.given_up

    def _load(self, key: tuple[str, str]) -> tuple[Run, int]:
        """The run, and the highest of its numbers that was shed."""
        row = self._db.execute(
            "SELECT seq, gap_since, shed_to FROM run WHERE device_id = ? AND boot = ?", key
        ).fetchone()
        if row is None:
            return Run(), -1
        above = self._db.execute("SELECT seq FROM above WHERE device_id = ? AND boot = ?", key)
        return Run(row[0], frozenset(seq for (seq,) in above), row[1]), row[2]

    def _save(self, key: tuple[str, str], before: Run, after: Run, now_s: float) -> None:
        self._db.execute(
            "INSERT INTO run (device_id, boot, seq, gap_since, touched_at) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (device_id, boot) DO UPDATE SET "
            "seq = excluded.seq, gap_since = excluded.gap_since, touched_at = excluded.touched_at",
            (*key, after.seq, after.gap_since, now_s),
        )
        self._db.executemany(
            "DELETE FROM above WHERE device_id = ? AND boot = ? AND seq = ?",
            [(*key, seq) for seq in before.above - after.above],
        )
        self._db.executemany(
            "INSERT INTO above VALUES (?, ?, ?)",
            [(*key, seq) for seq in after.above - before.above],
        )

    def _lowest_in_outbox(self, key: tuple[str, str], beyond: int) -> int | None:
        row = self._db.execute(
            "SELECT min(seq) FROM outbox WHERE device_id = ? AND boot = ? AND seq > ?",
            (*key, beyond),
        ).fetchone()
        return None if row is None else row[0]

    def _prune(self, now_s: float) -> None:
        """Runs long over go, and the oldest beyond a bound."""
        self._calls += 1
        if self._calls % _PRUNE_EVERY != 1:
            return
        self._db.execute("DELETE FROM run WHERE touched_at < ?", (now_s - KEEP_S,))
        self._db.execute(
            "DELETE FROM run WHERE (device_id, boot) IN (SELECT device_id, boot FROM run "
            "ORDER BY touched_at DESC LIMIT -1 OFFSET ?)",
            (MAX_RUNS,),
        )
        self._db.execute(
            "DELETE FROM above WHERE NOT EXISTS (SELECT 1 FROM run "
            "WHERE run.device_id = above.device_id AND run.boot = above.boot)"
        )
