"""Verified rides, and the moment a verdict speaks of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant

revision = "0012"
down_revision = "0016b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("steps", sa.Column("since", Instant()))
    op.create_table(
        "rides",
        sa.Column(
            "assignment_id",
            BigKey,
            sa.ForeignKey("assignments.id", name="fk_rides_assignment_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("area", sa.String(64), nullable=False),
        sa.Column("band", sa.Integer(), nullable=False),
        sa.Column("log_ratio", sa.Float(), nullable=False),
    )
    op.create_index("ix_rides_at", "rides", ["at"])


def downgrade() -> None:
    op.drop_table("rides")
    op.drop_column("steps", "since")
