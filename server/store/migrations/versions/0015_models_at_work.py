"""Training runs, one at a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import Instant, Json

revision = "0015"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "training_runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("encoder", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("slot", sa.Integer, nullable=False),
        sa.Column("holder", sa.String(128)),
        sa.Column("lease_until", Instant),
        sa.Column("started_at", Instant),
        sa.Column("ended_at", Instant),
        sa.Column("stage", sa.String(16)),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("peak_mb", sa.Integer),
        sa.Column("cancelled_by", sa.String(128)),
        sa.Column("model", sa.String(64)),
        sa.Column("fault", sa.Text),
        sa.Column("figures", Json),
    )
    op.create_index("ix_training_runs_asked_at", "training_runs", ["asked_at"])
    open_ones = sa.text("state IN ('waiting', 'running')")
    op.create_index(
        "uq_training_runs_open",
        "training_runs",
        ["slot"],
        unique=True,
        sqlite_where=open_ones,
        postgresql_where=open_ones,
    )


def downgrade() -> None:
    op.drop_table("training_runs")
