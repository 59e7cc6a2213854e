"""Every table of the office. ``*_sealed`` columns hold ciphertext, ``*_key`` keyed hashes."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from server.store.columns import BigKey, Instant, Json

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

event_head = Table(
    "event_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_id", BigKey, nullable=False),
    Column("last_hash", String(64), nullable=False),
    comment="One row, locked by whoever tells an event: numbers follow the order of commits.",
)

events = Table(
    "events",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("kind", String(48), nullable=False),
    Column("case_id", String(32), index=True),
    Column("report_id", String(32), index=True),
    Column("unit_id", String(64)),
    Column("actor", String(128), nullable=False),
    Column("body", Json, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("opened_at", Instant, nullable=False, index=True),
    Column("status", String(16), nullable=False, index=True),
    Column("route", String(16), nullable=False),
    Column("label", String(16)),
    Column("category", String(48)),
    Column("confidential", Boolean, nullable=False),
    Column("danger", Integer, nullable=False),
    Column("risk_90d", Float),
    Column("address", Text),
    Column("lat", Float),
    Column("lon", Float),
    Column("coarse", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("handed_over_at", Instant),
    Column("closed_at", Instant, index=True),
    Column("closed_by", String(128)),
    Column("close_key", String(128)),
    Column("disposition", String(24)),
    Column("amount_yuan", Float),
    Column("outcome_sealed", LargeBinary),
    Index("ix_cases_route_newest", "route", "status", "opened_at", "id"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("source_id", String(128), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("filed_by", String(128), nullable=False),
    Column("text", Text, nullable=False),
    Column("text_sealed", LargeBinary, nullable=False),
    Column("address", Text),
    Column("address_key", String(64), index=True),
    Column("lat", Float),
    Column("lon", Float),
    Column("caller_sealed", LargeBinary),
    Column("phone_key", String(64), index=True),
    Column("id_key", String(64), index=True),
    Column("code", String(64)),
    Column("confidential", Boolean, nullable=False),
    Column("feedback_code", String(64)),
    Column("feedback_sealed", LargeBinary),
    Column("extra_sealed", LargeBinary),
    Column("label", String(16)),
    Column("category", String(48)),
    Column("route", String(16), nullable=False),
    Column("case_id", String(32), ForeignKey("cases.id"), index=True),
    Column("linked_to", String(32), ForeignKey("reports.id")),
    Column("answer", Json, nullable=False, comment="What intake answered; said again on a repeat."),
    UniqueConstraint("source", "source_id"),
    Index("ix_reports_newest", "received_at", "id"),
)

predictions = Table(
    "predictions",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("report_id", String(32), ForeignKey("reports.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("model", String(64), nullable=False),
    Column("input_sha256", String(64), nullable=False),
    Column("assessment", Json, nullable=False),
    Column("risk", Json),
    Column("route", String(16), nullable=False),
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("report_id", String(32), ForeignKey("reports.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("label", String(16), nullable=False),
    Column("category", String(48)),
    Column("why", Text),
    Column("label_before", String(16)),
)

units = Table(
    "units",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("point", String(64), nullable=False),
    Column("lat", Float, nullable=False),
    Column("lon", Float, nullable=False),
    Column("speed_kmh", Float, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("unit_id", String(64), ForeignKey("units.id"), nullable=False),
    Column("name", String(64), nullable=False),
    UniqueConstraint("unit_id", "name"),
)

duties = Table(
    "duties",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("unit_id", String(64), ForeignKey("units.id"), nullable=False, index=True),
    Column("start_at", Instant, nullable=False),
    Column("end_at", Instant, comment="Empty: until further notice."),
)

assignments = Table(
    "assignments",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False),
    Column("unit_id", String(64), ForeignKey("units.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("reasons", Json, nullable=False),
    Column("eta_s", Float),
    Column("distance_m", Float),
    Column("ended_at", Instant),
    Column("ended_why", String(32)),
    Index(
        "ix_assignments_running_case",
        "case_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(
        "ix_assignments_running_unit",
        "unit_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index("ix_assignments_unit", "unit_id", "at"),
)

steps = Table(
    "steps",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("assignment_id", BigKey, ForeignKey("assignments.id"), nullable=False),
    Column("step", String(16), nullable=False),
    Column("at", Instant, nullable=False),
    Column("posted_at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("by_unit", Boolean, nullable=False),
    Column("key", String(128), nullable=False),
    Column("verdict", String(16), nullable=False, index=True),
    Column("why", Text, nullable=False),
    Column("since", Instant, comment="the moment the evidence speaks of; of verified steps"),
    UniqueConstraint("assignment_id", "step"),
    UniqueConstraint("case_id", "key"),
)

deadlines = Table(
    "deadlines",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("assignment_id", BigKey, ForeignKey("assignments.id")),
    Column("step", String(16), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("warn_at", Instant, nullable=False),
    Column("state", String(16), nullable=False),
    Index("ix_deadlines_waiting", "state", "warn_at"),
)

devices = Table(
    "devices",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("unit_id", String(64), ForeignKey("units.id"), index=True),
    Column("secret_hash", String(160), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

telemetry = Table(
    "telemetry",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("device_id", String(64), nullable=False),
    Column("boot", String(64), nullable=False),
    Column("seq", BigKey, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", Instant, nullable=False, comment="fix_time of a position, else sent_at"),
    Column("sent_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("stored_at", Instant, nullable=False),
    Column("proof_at", Instant, comment="true time, of a device whose clock is known to be off"),
    Column("lat", Float),
    Column("lon", Float),
    Column("accuracy_m", Float),
    Column("doubt", Json, nullable=False),
    Column("body", Json, nullable=False),
    UniqueConstraint("device_id", "boot", "seq"),
    Index("ix_telemetry_track", "device_id", "kind", "at"),
    Index(
        "ix_telemetry_proof",
        "device_id",
        "kind",
        "proof_at",
        sqlite_where=text("proof_at IS NOT NULL"),
        postgresql_where=text("proof_at IS NOT NULL"),
    ),
)

device_states = Table(
    "device_states",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("fix_time", Instant),
    Column("lat", Float),
    Column("lon", Float),
    Column("accuracy_m", Float),
    Column("heading_deg", Float),
    Column("doubt", Json),
    Column("status_at", Instant),
    Column("battery_pct", Float),
    Column("presence", String(16)),
    Column("presence_at", Instant),
    Column("alarm", String(24)),
    Column("alarm_at", Instant),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("source", String(64), nullable=False),
    Column("device_id", String(64)),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password_hash", String(160), nullable=False),
    Column("role", String(16), nullable=False),
    Column("unit_id", String(64), ForeignKey("units.id")),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

sessions = Table(
    "sessions",
    metadata,
    Column("secret_hash", String(64), primary_key=True),
    Column("user_id", BigKey, ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("unit_id", String(64), ForeignKey("units.id")),
    Column("secret_hash", String(64), nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
)

views = Table(
    "views",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    Column("who", String(128), nullable=False),
    Column("what", String(32), nullable=False),
    Column("object_id", String(64), nullable=False),
    comment="Who looked at a caller's clear data, and when.",
)
