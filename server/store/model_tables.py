"""Tables of models at work: training runs, models in shadow, promotions that wait."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from server.store.columns import BigKey, Instant, Json
from server.store.tables import metadata

training_runs = Table(
    "training_runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("asked_at", Instant, nullable=False, index=True),
    Column("asked_by", String(128), nullable=False),
    Column("encoder", String(64), nullable=False, comment="Its name, none, or empty: the newest."),
    Column(
        "state", String(16), nullable=False, comment="waiting, running, done, failed, cancelled"
    ),
    Column("slot", Integer, nullable=False, comment="1; unique among what is not over."),
    Column("holder", String(128), comment="Which worker has it."),
    Column("lease_until", Instant, comment="When the worker counts as gone unless it is heard."),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("stage", String(16)),
    Column("share", Float, nullable=False),
    Column("peak_mb", Integer),
    Column("cancelled_by", String(128)),
    Column("model", String(64)),
    Column("fault", Text),
    Column("figures", Json),
)
_OPEN = text("state IN ('waiting', 'running')")
Index(
    "uq_training_runs_open",
    training_runs.c.slot,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)

shadows = Table(
    "shadows",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("model", String(64), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("started_by", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("slot", Integer, nullable=False, comment="1; unique among what is not over."),
    Column("read_to", BigKey, nullable=False, comment="Number of the last prediction read."),
    Column("fault", Text, comment="Why the last batch could not be read."),
    Column("ended_at", Instant),
    Column("ended_by", String(128)),
)
_UNENDED = text("ended_at IS NULL")
Index(
    "uq_shadows_open",
    shadows.c.slot,
    unique=True,
    sqlite_where=_UNENDED,
    postgresql_where=_UNENDED,
)

shadow_readings = Table(
    "shadow_readings",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("shadow_id", String(32), ForeignKey("shadows.id"), nullable=False, index=True),
    Column("report_id", String(32), ForeignKey("reports.id"), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("champion", String(64), nullable=False),
    Column("label", String(16), nullable=False),
    Column("route", String(16), nullable=False),
    Column("p_police", Float, nullable=False),
    Column("champion_label", String(16), nullable=False),
    Column("champion_route", String(16), nullable=False),
    Column("champion_p_police", Float, nullable=False),
    Column("differs", Boolean, nullable=False, comment="Another label or another route."),
)

promotion_requests = Table(
    "promotion_requests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("model", String(64), nullable=False),
    Column("asked_at", Instant, nullable=False, index=True),
    Column("asked_by", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("state", String(16), nullable=False, comment="waiting, promoted, refused, withdrawn"),
    Column("decided_at", Instant),
    Column("decided_by", String(128)),
    Column("decided_why", Text),
)
