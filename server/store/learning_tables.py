"""Tables of the learning loop: how each word came about, decisions on models, days watched."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from server.store.columns import BigKey, Instant, Json
from server.store.tables import corrections, metadata, predictions

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

watch_days = Table(
    "watch_days",
    metadata,
    Column("day", String(10), primary_key=True, comment="Local day, YYYY-MM-DD."),
    Column("what", String(32), primary_key=True),
    Column("rows", Integer, nullable=False),
    Column("counts", Json, nullable=False, comment="Counts by bin; no person's data."),
    Column("value", Float, comment="The week against the four before; empty: too little."),
    Column("raised", Boolean, nullable=False),
    Column("streak", Integer, nullable=False),
)

label_reasons = Table(
    "label_reasons",
    metadata,
    Column("correction_id", BigKey, ForeignKey("corrections.id"), primary_key=True),
    Column("reason", String(32), nullable=False, comment="Why the report was put before them."),
    Column("probability", Float, comment="Chance of being drawn; only for the random audit."),
)

Index("ix_predictions_at", predictions.c.at)
Index("ix_corrections_at", corrections.c.at)
