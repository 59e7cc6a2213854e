"""Tables of searching: which report stands at which place of the index, and kept questions.

The index itself is of each database's own kind (``fulltext.py``): an FTS5 table ``report_grams``
without content on SQLite, a ``tsvector`` column with a GIN index on PostgreSQL.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from server.store.columns import BigKey, Instant
from server.store.tables import events, metadata

report_places = Table(
    "report_places",
    metadata,
    Column("place", BigKey, primary_key=True, autoincrement=False),
    Column("report_id", String(32), ForeignKey("reports.id"), nullable=False, unique=True),
    comment="Place in the full-text index; places follow the time of the report.",
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("owner", String(128), nullable=False),
    Column("page", String(64), nullable=False),
    Column("name", String(64), nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("owner", "page", "name"),
    Index("ix_saved_views_owner", "owner"),
)

Index("ix_events_kind", events.c.kind, events.c.id)
Index("ix_events_actor", events.c.actor, events.c.id)
