"""How a correction came about, and what was decided of models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant, Json

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "correction_contexts",
        sa.Column("correction_id", BigKey, sa.ForeignKey("corrections.id"), primary_key=True),
        sa.Column("screen", sa.String(32), nullable=False),
        sa.Column("saw_model", sa.Boolean, nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
    )
    op.create_table(
        "model_decisions",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("passed", sa.Boolean, nullable=False),
        sa.Column("body", Json, nullable=False),
    )
    op.create_index("ix_model_decisions_at", "model_decisions", ["at"])


def downgrade() -> None:
    op.drop_table("model_decisions")
    op.drop_table("correction_contexts")
