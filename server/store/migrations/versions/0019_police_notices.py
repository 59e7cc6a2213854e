"""Joint cases: what the police were told and answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import Instant

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "police_notices",
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("told_at", Instant),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("try_at", Instant),
        sa.Column("reminders", sa.Integer, nullable=False),
        sa.Column("remind_at", Instant),
        sa.Column("answer", sa.String(16)),
        sa.Column("answered_at", Instant),
        sa.Column("answered_by", sa.String(128)),
        sa.Column("officer", sa.String(40)),
        sa.Column("due_at", Instant),
    )
    op.create_index("ix_police_notices_state", "police_notices", ["state"])


def downgrade() -> None:
    op.drop_table("police_notices")
