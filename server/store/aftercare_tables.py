"""What follows a closed case (tasks, agreements, calls back), and breaks of shifts."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from server.store.columns import BigKey, Instant
from server.store.tables import metadata

agreements = Table(
    "agreements",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("form", String(16), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("terms_sealed", LargeBinary, nullable=False),
    Column("key", String(128), nullable=False),
    UniqueConstraint("case_id", "key"),
)

instalments = Table(
    "instalments",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("agreement_id", String(32), ForeignKey("agreements.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("amount_yuan", Float),
    Column("state", String(16), nullable=False, index=True),
    Column("done_at", Instant),
    Column("done_by", String(128)),
    Column("remote", Boolean, nullable=False, comment="Performed in a meeting held online."),
    UniqueConstraint("agreement_id", "number"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("party", String(16), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("done_by", String(128)),
    Column("note_sealed", LargeBinary),
    Column("key", String(128), nullable=False, comment="What raised it, so that it is once."),
    UniqueConstraint("case_id", "key"),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("satisfaction", String(16), nullable=False),
    Column("relapse", Boolean, nullable=False),
    Column("note_sealed", LargeBinary),
    Column("key", String(128), nullable=False),
    UniqueConstraint("case_id", "key"),
)

duty_breaks = Table(
    "duty_breaks",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("unit_id", String(64), ForeignKey("units.id"), nullable=False),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, nullable=False, index=True),
    UniqueConstraint("unit_id", "start_at"),
)
