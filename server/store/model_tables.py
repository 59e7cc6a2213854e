"""Tables of models at work: training runs, models in shadow, promotions that wait."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text, text

from server.store.columns import Instant, Json
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
