"""Days watched for drift, and why a report was put before a person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Json

revision = "0016"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watch_days",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("what", sa.String(32), primary_key=True),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("counts", Json, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("raised", sa.Boolean, nullable=False),
        sa.Column("streak", sa.Integer, nullable=False),
    )
    op.create_table(
        "label_reasons",
        sa.Column("correction_id", BigKey, sa.ForeignKey("corrections.id"), primary_key=True),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("probability", sa.Float),
    )
    op.create_index("ix_predictions_at", "predictions", ["at"])
    op.create_index("ix_corrections_at", "corrections", ["at"])


def downgrade() -> None:
    op.drop_index("ix_corrections_at", "corrections")
    op.drop_index("ix_predictions_at", "predictions")
    op.drop_table("label_reasons")
    op.drop_table("watch_days")
