"""What edge agents say of themselves, and what they are to send down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from server.domain.views import Json
from server.office import Office
from server.store import down_calls, edge_state
from server.store.engine import reading, writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """An agent's report: whether it is subscribed, what waits with it, what it could send down.

    ``skews`` are seconds by which devices' clocks are ahead of the agent's.
    """

    agent: str
    subscribed: bool
    waiting: int
    oldest_at: datetime | None
    sent: tuple[str, ...]
    skews: dict[str, int]
    state: Json


@dataclass(frozen=True, slots=True)
class Down:
    """One message for a device's ``down`` topic."""

    id: str
    device_id: str
    expires_at: datetime
    payload: Json


def beat(office: Office, told: Beat) -> list[Down]:
    """Notes the report; what is to be published for devices now."""
    now = office.clock()
    with writing(office.engine) as conn:
        values: Json = {
            "name": told.agent,
            "told_at": now,
            "subscribed": told.subscribed,
            "waiting": told.waiting,
            "oldest_at": told.oldest_at,
            "state": told.state,
        }
        edge_state.note_agent(conn, values)
        edge_state.note_skews(conn, told.skews)
        down_calls.mark_sent(conn, told.sent, at=now)
        rows = down_calls.hand_out(conn, now) if told.subscribed else []
    return [_down(row) for row in rows]


def newest(office: Office) -> tuple[datetime, bool] | None:
    """When the agent that listens best was heard, and whether it is subscribed; None: never."""
    with reading(office.engine) as conn:
        rows = edge_state.agents(conn)
    if not rows:
        return None
    best = max(rows, key=lambda row: (row.subscribed, row.told_at))
    newest_ = max(rows, key=lambda row: row.told_at)
    return (best.told_at, True) if best.subscribed else (newest_.told_at, False)


def _down(row: down_calls.CallRow) -> Down:
    payload: Json = {
        "v": 1,
        "id": row.id,
        "kind": "call",
        "sent_at": row.made_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
        **row.body,
    }
    return Down(row.id, row.device_id, row.expires_at, payload)
