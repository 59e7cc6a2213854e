"""What goes when there is no room: states first, then the oldest positions, never an alarm.

A shed message was acknowledged to the broker, not confirmed to its device: its number stays a gap,
so a device that keeps what is unconfirmed sends it again when there is room.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass

from edge import outbox_schema as schema
from edge.runs import Runs

KINDS = ("state", "position")
_ROOM_SHARE = 100
"""One part in a hundred is freed at once, so that not every group has to shed."""
_EVERY_S = 60.0
_AT_ONCE = 5000

_Shed = tuple[int, int, str, str, str, int]
"""rank, bytes, protocol, device_id, boot, seq."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    rows: int = 2_000_000
    stored_bytes: int = 2_147_483_648
    dead_rows: int = 100_000
    age_s: float = 30 * 86_400


class Shedder:
    """Works inside the caller's transaction."""

    def __init__(self, db: sqlite3.Connection, bounds: Bounds, runs: Runs) -> None:
        self._db = db
        self._runs = runs
        self._bounds = bounds
        self._next_look_s = 0.0

    def make_room(self, *, before_id: int, now_s: float) -> Counter[str]:
        """Sheds until within the bounds, or as far as it may: states of any age, positions up to
        ``before_id`` only, since one just taken is refused rather than taken and lost."""
        gone: Counter[str] = Counter()
        if not self.over():
            return gone
        newest = self._db.execute(schema.LAST_ID).fetchone()[0]
        for rank, last_id in ((0, newest), (1, before_id)):
            while count := self._excess():
                found = self._db.execute(schema.SHED, (rank, last_id, count)).fetchall()
                if not found:
                    break
                self._account(found, gone, now_s)
        return gone

    def drop_old(self, now_s: float) -> Counter[str]:
        """What is older than the bound, looked for once a minute."""
        gone: Counter[str] = Counter()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + _EVERY_S
            cutoff = now_s - self._bounds.age_s
            found = self._db.execute(schema.SHED_OLD, (cutoff, _AT_ONCE)).fetchall()
            self._account(found, gone, now_s)
        return gone

    def over(self) -> bool:
        rows, held = self._tally()
        return rows > self._bounds.rows or held > self._bounds.stored_bytes

    def _excess(self) -> int:
        """How many messages must go to be a little below the bounds."""
        rows, held = self._tally()
        low_rows = self._bounds.rows - self._bounds.rows // _ROOM_SHARE
        low_bytes = self._bounds.stored_bytes - self._bounds.stored_bytes // _ROOM_SHARE
        mean = max(1, held // max(1, rows))
        return max(rows - low_rows, -(-(held - low_bytes) // mean), 0)

    def _tally(self) -> tuple[int, int]:
        rows, held = self._db.execute(schema.TALLY).fetchone()
        return rows, held

    def _account(self, found: list[_Shed], gone: Counter[str], now_s: float) -> None:
        if found:
            size = sum(row[1] for row in found)
            self._db.execute(schema.COUNT_SHED, (len(found), len(found), size))
            self._runs.shed([row[3:] for row in found if row[2] == "native"], now_s=now_s)
            gone.update(KINDS[row[0]] for row in found)
