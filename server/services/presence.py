"""Who is there: noticed by the sweep, one notice an outage."""

from __future__ import annotations

from datetime import datetime, timedelta

from server.domain import presence
from server.domain.events import NewEvent
from server.domain.presence import Heard, Rule
from server.office import Office
from server.store import edge_state, events
from server.store.edge_state import StateRow
from server.store.engine import reading, writing

AGENT_SILENT = timedelta(seconds=60)
"""An agent reports every few seconds; beyond this it is not known to listen."""


def sweep_presence(office: Office) -> int:
    """Notices who came and who went; how many changed. Gateways first, then who is behind them."""
    now, rule = office.clock(), office.settings.presence.rule()
    with reading(office.engine) as conn:
        if not listening(edge_state.agents(conn), now):
            return 0
        found = edge_state.changed_links(conn, rule, now)
    ordered = sorted(found, key=lambda row: row.gateway is not None)
    return sum(_notice(office, row, now, rule) for row in ordered)


def listening(agents: list[StateRow], now: datetime) -> bool:
    """Whether devices can be heard: some agent is subscribed. One that never reports (of an older
    version) is believed."""
    if not agents:
        return True
    return any(row.subscribed and now - row.told_at < AGENT_SILENT for row in agents)


def _notice(office: Office, row: StateRow, now: datetime, rule: Rule) -> bool:
    heard = Heard(heard_at=row.heard_at, offline_at=row.offline_at)
    after = presence.state(heard, now, rule)
    if after is None:
        return False
    with writing(office.engine) as conn:
        gateway, since = edge_state.noticed_of(conn, row.gateway)
        found = presence.notice(
            after, before=row.noticed, gateway=gateway, gateway_since=since, now=now, rule=rule
        )
        swapped = found is not None and edge_state.notice(
            conn, row.device_id, state=found.noticed, before=row.noticed, at=now
        )
        if found is None or not swapped:
            return False
        if found.told:
            body = {"device": row.device_id, "state": after}
            actor = f"device:{row.device_id}"
            told = NewEvent("presence_changed", now, actor, unit_id=row.unit_id, body=body)
            events.tell(conn, [told])
    return True
