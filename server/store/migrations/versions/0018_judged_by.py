"""Which models read a report is asked by report."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_shadow_readings_report_id", "shadow_readings", ["report_id"])


def downgrade() -> None:
    op.drop_index("ix_shadow_readings_report_id", "shadow_readings")
