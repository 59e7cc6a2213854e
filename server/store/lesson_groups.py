"""Which corrected reports are about the same person or place."""

from __future__ import annotations

from sqlalchemy import Connection, select

from server.store.identity_tables import mentions
from server.store.tables import reports

_PART = 500


def groups(conn: Connection, report_ids: list[str]) -> dict[str, tuple[str, ...]]:
    """``{report: person's id and address key, as far as they are known}``; keys, never names."""
    found: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(report_ids), _PART):
        part = report_ids[start : start + _PART]
        query = (
            select(reports.c.id, mentions.c.person_id, reports.c.address_key)
            .outerjoin(mentions, mentions.c.report_id == reports.c.id)
            .where(reports.c.id.in_(part))
        )
        for report_id, person, place in conn.execute(query):
            found[report_id] = tuple(key for key in (person, place) if key)
    return found
