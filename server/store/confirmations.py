"""How far each run is stored: rows that agents sharing a load move forward together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, tuple_, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

from server.store.edge_tables import telemetry_runs, telemetry_voids
from server.store.tables import telemetry

Key = tuple[str, str]
MAX_NUMBERS = 20_000
"""Numbers of one run looked at in one go; beyond it the next batch goes on."""


def _insert(conn: Connection) -> Any:
    return postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert


def add_voids(conn: Connection, voids: Sequence[tuple[str, str, int]], *, at: datetime) -> None:
    if voids:
        rows = [{"device_id": d, "boot": b, "seq": s, "at": at} for d, b, s in sorted(set(voids))]
        conn.execute(_insert(conn)(telemetry_voids).on_conflict_do_nothing(), rows)


def locked(
    conn: Connection, keys: Sequence[Key], *, now: datetime
) -> dict[Key, Row[*tuple[Any, ...]]]:
    """The runs' rows, made where missing, held until the commit."""
    if not keys:
        return {}
    rows = [{"device_id": d, "boot": b, "seq": -1, "touched_at": now} for d, b in keys]
    conn.execute(_insert(conn)(telemetry_runs).on_conflict_do_nothing(), rows)
    found: dict[Key, Row[*tuple[Any, ...]]] = {}
    pair = tuple_(telemetry_runs.c.device_id, telemetry_runs.c.boot)
    for at in range(0, len(keys), 300):
        query = select(telemetry_runs).where(pair.in_(keys[at : at + 300]))
        ordered = query.order_by(telemetry_runs.c.device_id, telemetry_runs.c.boot)
        for row in conn.execute(ordered.with_for_update()):
            found[row.device_id, row.boot] = row
    return found


def numbers_above(conn: Connection, key: Key, seq: int) -> list[int]:
    """Numbers of a run that are stored, or void, above ``seq``; the lowest first."""
    parts = [
        select(table.c.seq).where(
            table.c.device_id == key[0], table.c.boot == key[1], table.c.seq > seq
        )
        for table in (telemetry, telemetry_voids)
    ]
    both = union_all(*parts).subquery()
    return list(conn.execute(select(both.c.seq).order_by(both.c.seq).limit(MAX_NUMBERS)).scalars())


def save(conn: Connection, key: Key, *, seq: int, gap_since_s: float | None, at: datetime) -> None:
    since = None if gap_since_s is None else datetime.fromtimestamp(gap_since_s, UTC)
    conn.execute(
        update(telemetry_runs)
        .where(telemetry_runs.c.device_id == key[0], telemetry_runs.c.boot == key[1])
        .values(seq=seq, gap_since=since, touched_at=at)
    )


def forget_before(conn: Connection, before: datetime) -> int:
    """Runs and voids that nobody waits for any more; how many rows went."""
    runs = conn.execute(delete(telemetry_runs).where(telemetry_runs.c.touched_at < before))
    voids = conn.execute(delete(telemetry_voids).where(telemetry_voids.c.at < before))
    return runs.rowcount + voids.rowcount
