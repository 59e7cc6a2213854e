"""Tables of experiments: registered before the first case, one running at a time."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text

from server.store.columns import BigKey, Instant, Json
from server.store.tables import metadata

experiments = Table(
    "experiments",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("salt", String(64), nullable=False),
    Column("arms", Json, nullable=False),
    Column("outcomes", Json, nullable=False),
    Column("cases", Integer, nullable=False, comment="Closed cases planned, all arms together."),
    Column("running", Boolean, unique=True, comment="True or empty: only one runs."),
    Column("ended_at", Instant),
    Column("ended_by", String(128)),
    Column("end_why", Text),
)

experiment_cases = Table(
    "experiment_cases",
    metadata,
    Column("case_id", String(32), ForeignKey("cases.id"), primary_key=True),
    Column("experiment_id", BigKey, ForeignKey("experiments.id"), nullable=False, index=True),
    Column("arm", String(16), nullable=False),
    Column("at", Instant, nullable=False),
)

experiment_looks = Table(
    "experiment_looks",
    metadata,
    Column("experiment_id", BigKey, ForeignKey("experiments.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("effects", Json, nullable=False),
    Column("may_stop", Boolean, nullable=False),
)
