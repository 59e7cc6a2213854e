"""Tables of the learning loop: how each word of a person came about, what was decided of models."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, String, Table, Text

from server.store.columns import BigKey, Instant, Json
from server.store.tables import metadata

correction_contexts = Table(
    "correction_contexts",
    metadata,
    Column("correction_id", BigKey, ForeignKey("corrections.id"), primary_key=True),
    Column("screen", String(32), nullable=False, comment="Where it was said."),
    Column("saw_model", Boolean, nullable=False, comment="Whether the model's word was in sight."),
    Column("purpose", String(16), nullable=False, comment="correct, second, adjudicate"),
)

model_decisions = Table(
    "model_decisions",
    metadata,
    Column("key", String(64), primary_key=True, comment="SHA-256 of the line it came from."),
    Column("at", Instant, nullable=False, index=True),
    Column("kind", String(16), nullable=False, comment="gate, promoted, rolled_back"),
    Column("model", String(64), nullable=False),
    Column("by", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("body", Json, nullable=False),
)
