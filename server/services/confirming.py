"""How far runs are stored, where several agents share the load.

Each agent sees only some of a run's messages, so none of them can say 'all up to seq'. The store
has them all: the rule is the edge's own (``edge.confirming``), the numbers come from the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from edge.confirming import Outstanding, Run, advance
from server.office import Office
from server.store import confirmations, edge_state

Number = tuple[str, str, int]
Key = tuple[str, str]
KEEP = timedelta(days=30)
_LAGS = timedelta(seconds=30)
_AGENT_OLD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """All of a run up to ``seq`` is stored, or is a dead letter."""

    device_id: str
    boot: str
    seq: int


def confirm(
    conn: Connection,
    office: Office,
    runs: Mapping[Key, int | None],
    voids: Sequence[Number],
    now: datetime,
) -> tuple[Confirmed, ...]:
    """Runs of a batch with the lowest number each device still holds; ``voids`` of any run."""
    confirmations.add_voids(conn, voids, at=now)
    wanted = {**{(device, boot): None for device, boot, _ in voids}, **runs}
    keys = sorted(wanted)
    rows = confirmations.locked(conn, keys, now=now)
    gap_s = office.settings.edge.gap_s if _all_agents_keep_up(conn, now) else 0
    found = []
    for key in keys:
        row = rows[key]
        since = row.gap_since.timestamp() if row.gap_since else None
        done = advance(
            Run(row.seq, gap_since=since),
            frozenset(confirmations.numbers_above(conn, key, row.seq)),
            outstanding=Outstanding(lowest_held=wanted[key]),
            now_s=now.timestamp(),
            gap_s=gap_s,
        )
        confirmations.save(conn, key, seq=done.run.seq, gap_since_s=done.run.gap_since, at=now)
        if done.run.seq >= 0:
            found.append(Confirmed(*key, done.run.seq))
    return tuple(found)


def _all_agents_keep_up(conn: Connection, now: datetime) -> bool:
    """A number missing here may wait in another agent's outbox: while one lags or is silent, no
    gap is given up."""
    known = [row for row in edge_state.agents(conn) if now - row.told_at < _AGENT_OLD]
    return bool(known) and all(
        now - row.told_at < _LAGS and (row.oldest_at is None or now - row.oldest_at < _LAGS)
        for row in known
    )
