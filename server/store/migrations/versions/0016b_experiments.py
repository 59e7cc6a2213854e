"""Experiments: registered plans, arms of cases, looks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant, Json

revision = "0016b"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("arms", Json, nullable=False),
        sa.Column("outcomes", Json, nullable=False),
        sa.Column("cases", sa.Integer, nullable=False),
        sa.Column("running", sa.Boolean),
        sa.Column("ended_at", Instant),
        sa.Column("ended_by", sa.String(128)),
        sa.Column("end_why", sa.Text),
        sa.UniqueConstraint("running", name="uq_experiments_running"),
    )
    op.create_table(
        "experiment_cases",
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("experiment_id", BigKey, sa.ForeignKey("experiments.id"), nullable=False),
        sa.Column("arm", sa.String(16), nullable=False),
        sa.Column("at", Instant, nullable=False),
    )
    op.create_index("ix_experiment_cases_experiment_id", "experiment_cases", ["experiment_id"])
    op.create_table(
        "experiment_looks",
        sa.Column("experiment_id", BigKey, sa.ForeignKey("experiments.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("cases", sa.Integer, nullable=False),
        sa.Column("effects", Json, nullable=False),
        sa.Column("may_stop", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("experiment_looks")
    op.drop_table("experiment_cases")
    op.drop_table("experiments")
