"""The spool between broker and server: one SQLite file, a row per message, nothing lost.

Each thread opens its own. Every method is one transaction, on disk when it returns.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

from edge import outbox_schema as schema
from edge.confirming import Ack
from edge.errors import OutboxFull, StorageFailed
from edge.outbox_rows import DeadLetter, Waiting, letter_of, numbers_of, row_of
from edge.runs import Runs
from edge.shedding import Bounds, Shedder
from edge.telemetry import Envelope

CACHE_KIB = 4096
"""Pages that a connection holds. Three are open in an agent, so a backlog far larger than this
costs three times as much and no more; the machine's own cache has the rest."""


@dataclass(frozen=True, slots=True)
class Put:
    """How many messages were new; the others were in the outbox already.

    ``acks`` confirm runs whose unreadable messages were just put by; ``shed`` counts by kind
    (``state``, ``position``) what had to go for want of room or for its age.
    """

    stored: int
    repeated: int
    dead_dropped: int
    acks: tuple[Ack, ...] = ()
    shed: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Confirmations for the devices, and how many missing numbers were given up."""

    acks: tuple[Ack, ...]
    given_up: int


@dataclass(frozen=True, slots=True)
class Counts:
    """``oldest_at`` is when the oldest waiting message was stored, seconds since 1970."""

    waiting: int
    waiting_bytes: int
    urgent: int
    oldest_at: float | None
    dead: int
    dead_dropped: int
    shed: int


class Outbox:
    """put, peek, done, bury."""

    def __init__(
        self,
        path: Path,
        *,
        bounds: Bounds | None = None,
        gap_s: float = 120,
        shared: bool = False,
        cache_kib: int = CACHE_KIB,
    ) -> None:
        """Raises StorageFailed when the file cannot be opened."""
        self.path = path
        self._bounds = bounds or Bounds()
        self._shared = shared
        with self._guarded():
            self._db = schema.connect(path, cache_kib=cache_kib)
        self._runs = Runs(self._db, gap_s=gap_s)
        self._shedder = Shedder(self._db, self._bounds, self._runs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def put(
        self, envelopes: Sequence[Envelope], dead: Sequence[DeadLetter], *, now: datetime
    ) -> Put:
        """Stores both, or neither; at a bound what is least goes (see ``shedding``).

        Raises OutboxFull when nothing may go, StorageFailed otherwise.
        """
        stored_at = now.timestamp()
        rows = [row_of(envelope, stored_at) for envelope in envelopes]
        with self._transaction():
            shed = self._shedder.drop_old(stored_at)
            stored = self._insert(rows, shed, stored_at)
            dropped = self._insert_dead(dead)
            acks = self._note_dead(numbers_of(dead), stored_at)
        return Put(stored, len(rows) - stored, dropped, acks, shed)

    def peek(self, *, rows: int, max_bytes: int) -> list[Waiting]:
        """The next messages to go up, urgent ones first; at least one if there is any."""
        out: list[Waiting] = []
        size = 0
        with self._guarded():
            for query in schema.PEEK:
                if len(out) >= rows:
                    break
                # Row by row: what would not go into the batch is not read into memory either.
                with closing(self._db.execute(query, (rows - len(out),))) as found:
                    for row in found:
                        waiting = Waiting(*row)
                        size += len(waiting.body.encode())
                        if out and size > max_bytes:
                            return out
                        out.append(waiting)
        return out

    def done(self, rows: Iterable[Waiting], *, now: datetime) -> Confirmed:
        """The server has these: forget them, and say how far each run is confirmed."""
        return self.settle(rows, (), now=now)

    def settle(
        self,
        rows: Iterable[Waiting],
        refused: Sequence[tuple[Waiting, str]],
        *,
        now: datetime,
    ) -> Confirmed:
        """``done``, and what the server refused for good becomes dead letters with its reason."""
        taken = list(rows)
        gone = [*taken, *(row for row, _ in refused)]
        letters = [letter_of(row, why, now) for row, why in refused]
        with self._transaction():
            self._delete(gone)
            self._insert_dead(letters)
            if self._shared:  # only the server knows what the other agents have
                return Confirmed((), 0)
            acks, given_up = self._runs.confirm(
                [
                    (row.device_id, row.boot, row.seq, row.lowest_held)
                    for row in gone
                    if row.protocol == "native"
                ],
                now_s=now.timestamp(),
            )
        return Confirmed(acks, given_up)

    def postpone(self, rows: Sequence[Waiting]) -> None:
        """To the end of the queue, for messages the server stumbles over."""
        with self._transaction():
            self._db.executemany(schema.POSTPONE, [(row.id,) for row in rows])

    def voids(self, *, limit: int = 500) -> list[tuple[str, str, int]]:
        """Numbers of dead letters that the server has to be told of, where agents share."""
        with self._guarded():
            return list(self._db.execute(schema.VOIDS, (limit,)).fetchall())

    def drop_voids(self, told: Sequence[tuple[str, str, int]]) -> None:
        with self._transaction():
            self._db.executemany(schema.DROP_VOID, told)

    def counts(self) -> Counts:
        with self._guarded():
            row = self._db.execute(schema.COUNTS).fetchone()
        return Counts(*row)

    def shrink(self) -> None:
        """Lets go of the pages held in memory; they are read again when they are wanted."""
        with self._guarded():
            self._db.execute("PRAGMA shrink_memory")

    def dead_letters(self, *, limit: int) -> list[tuple[int, DeadLetter]]:
        """The newest ones, with their numbers."""
        with self._guarded():
            found = self._db.execute(schema.DEAD_LETTERS, (limit,)).fetchall()
        return [
            (
                row[0],
                DeadLetter(
                    at=datetime.fromisoformat(row[1]),
                    stage=row[2],
                    topic=row[3],
                    reason=row[4],
                    raw=row[5],
                ),
            )
            for row in found
        ]

    def _note_dead(
        self, numbers: list[tuple[str, str, int, int | None]], now_s: float
    ) -> tuple[Ack, ...]:
        if self._shared:
            self._db.executemany(schema.ADD_VOID, [number[:3] for number in numbers])
            return ()
        return self._runs.confirm(numbers, now_s=now_s)[0]

    def _insert(self, rows: Sequence[schema.Row], shed: Counter[str], now_s: float) -> int:
        """How many were new; makes room for them. Raises OutboxFull."""
        if not rows:
            return 0
        last_id = self._db.execute(schema.LAST_ID).fetchone()[0]
        before = self._db.total_changes
        self._db.executemany(schema.INSERT, rows)
        stored = self._db.total_changes - before
        if stored == len(rows):
            size = sum(len(row[-1].encode()) for row in rows)
        else:
            size = self._db.execute(schema.SIZE_SINCE, (last_id,)).fetchone()[0]
        if stored:
            self._db.execute(schema.GROW, (stored, size))
            shed += self._shedder.make_room(before_id=last_id, now_s=now_s)
            self._refuse_if_over(stored, size)
        return stored

    def _refuse_if_over(self, stored: int, size: int) -> None:
        if self._shedder.over():
            rows, held = self._db.execute(schema.TALLY).fetchone()
            raise OutboxFull(self.path, rows=rows - stored, stored_bytes=held - size)

    def _insert_dead(self, dead: Sequence[DeadLetter]) -> int:
        if not dead:
            return 0
        self._db.executemany(
            schema.INSERT_DEAD,
            [(d.at.isoformat(), d.stage, d.topic, d.reason, d.raw) for d in dead],
        )
        dropped = self._db.execute(schema.DROP_DEAD, (self._bounds.dead_rows,)).rowcount
        if dropped:
            self._db.execute(schema.COUNT_DROPPED, (dropped,))
        return max(0, dropped)

    def _delete(self, rows: Sequence[Waiting]) -> None:
        count = size = 0
        for row in rows:
            if self._db.execute(schema.DELETE, (row.id,)).rowcount:
                count += 1
                size += len(row.body.encode())
        self._db.execute(schema.GROW, (-count, -size))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._guarded():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StorageFailed(self.path, f"{type(error).__name__}: {error}") from error
