"""Tables of what people decide about cases: joins by hand, and the random audit."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, String, Table

from server.store.columns import BigKey, Instant, Json
from server.store.tables import metadata

case_joins = Table(
    "case_joins",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("into_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("reason", String(24), nullable=False),
    Column("moved", Json, nullable=False, comment="[[report, linked_to before], …]"),
    Column("undone_at", Instant),
    Column("undone_by", String(128)),
)

audits = Table(
    "audits",
    metadata,
    Column("report_id", String(32), ForeignKey("reports.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("probability", Float, nullable=False, comment="Share in force when it was drawn."),
    Column("label", String(16), comment="What the model said."),
    Column("looked_at", Instant),
    Column("looked_by", String(128)),
    Index("ix_audits_waiting", "looked_at", "at"),
)
