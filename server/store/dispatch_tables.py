"""What dispatch keeps beside cases: calls to parties, overruled verdicts, unit traits, rides,
notices to the police."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from server.store.columns import BigKey, Instant, Json
from server.store.tables import metadata

party_calls = Table(
    "party_calls",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("unit_id", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("stored_at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("kind", String(16), nullable=False, comment="dialled by the phone, or record of a line"),
    Column("talked_s", Float, comment="of a record; empty when only dialling is known"),
    Column("key", String(128), nullable=False),
    UniqueConstraint("case_id", "key"),
)

overrules = Table(
    "overrules",
    metadata,
    Column("step_id", BigKey, ForeignKey("steps.id"), primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("before", String(16), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("why", Text, nullable=False),
)

unit_traits = Table(
    "unit_traits",
    metadata,
    Column("unit_id", String(64), ForeignKey("units.id"), primary_key=True),
    Column("skills", Json, nullable=False, comment="categories and languages, as words"),
    Column("areas", Json, nullable=False, comment="communities the unit answers for"),
    Column("veteran", Boolean, nullable=False),
)

rides = Table(
    "rides",
    metadata,
    Column(
        "assignment_id", BigKey, ForeignKey("assignments.id"), primary_key=True, autoincrement=False
    ),
    Column("at", Instant, nullable=False, index=True),
    Column("area", String(64), nullable=False, comment="community of the scene; empty outside"),
    Column("band", Integer, nullable=False, comment="three-hour stretch of the local day, from 0"),
    Column("log_ratio", Float, nullable=False, comment="of true seconds over the formula's"),
)

police_notices = Table(
    "police_notices",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("asked_at", Instant, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("told_at", Instant, comment="their system took it"),
    Column("attempts", Integer, nullable=False),
    Column("try_at", Instant, comment="when to post it next; empty: not any more"),
    Column("reminders", Integer, nullable=False),
    Column("remind_at", Instant),
    Column("answer", String(16)),
    Column("answered_at", Instant),
    Column("answered_by", String(128)),
    Column("officer", String(40)),
    Column("due_at", Instant, comment="when the police say that they are there"),
)
