"""Where units are that stay at the place of their last case."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select

from server.domain.geo import Place
from server.store.tables import assignments, cases, duties

_LONGEST = timedelta(hours=24)
"""A shift is a day at most; a duty without an end would reach back for ever."""


def last_scenes(conn: Connection, now: datetime) -> dict[str, Place]:
    """By unit, where the last case was that it closed in the duty it has now; a unit without one,
    or whose case has no place, is missing."""
    running = (duties.c.start_at <= now, or_(duties.c.end_at.is_(None), duties.c.end_at > now))
    query = (
        select(assignments.c.unit_id, cases.c.lat, cases.c.lon)
        .join(cases, cases.c.id == assignments.c.case_id)
        .join(duties, duties.c.unit_id == assignments.c.unit_id)
        .where(
            *running,
            assignments.c.ended_why == "closed",
            assignments.c.ended_at >= duties.c.start_at,
            assignments.c.ended_at >= now - _LONGEST,
            assignments.c.ended_at <= now,
        )
        .order_by(assignments.c.ended_at)
    )
    newest = {row.unit_id: row for row in conn.execute(query)}
    return {
        unit_id: Place(row.lat, row.lon)
        for unit_id, row in newest.items()
        if row.lat is not None and row.lon is not None
    }
