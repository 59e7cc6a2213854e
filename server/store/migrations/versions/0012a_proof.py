"""The true time of messages of a device whose clock is off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import Instant

revision = "0012a"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("telemetry", sa.Column("proof_at", Instant()))
    op.create_index(
        "ix_telemetry_proof",
        "telemetry",
        ["device_id", "kind", "proof_at"],
        sqlite_where=sa.text("proof_at IS NOT NULL"),
        postgresql_where=sa.text("proof_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_telemetry_proof", "telemetry")
    op.drop_column("telemetry", "proof_at")
