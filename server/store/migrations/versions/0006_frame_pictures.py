"""The sealed content of masked pictures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "frame_pictures",
        sa.Column("sha256", sa.String(64), sa.ForeignKey("frames.sha256"), primary_key=True),
        sa.Column("content_sealed", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("frame_pictures")
