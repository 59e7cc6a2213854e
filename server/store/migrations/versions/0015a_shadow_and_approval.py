"""Models in shadow with what they said, promotions that wait for a second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant

revision = "0015a"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shadows",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("started_by", sa.String(128), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("slot", sa.Integer, nullable=False),
        sa.Column("read_to", BigKey, nullable=False),
        sa.Column("fault", sa.Text),
        sa.Column("ended_at", Instant),
        sa.Column("ended_by", sa.String(128)),
    )
    unended = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_shadows_open",
        "shadows",
        ["slot"],
        unique=True,
        sqlite_where=unended,
        postgresql_where=unended,
    )
    op.create_table(
        "shadow_readings",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column("shadow_id", sa.String(32), sa.ForeignKey("shadows.id"), nullable=False),
        sa.Column("report_id", sa.String(32), sa.ForeignKey("reports.id"), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("champion", sa.String(64), nullable=False),
        sa.Column("label", sa.String(16), nullable=False),
        sa.Column("route", sa.String(16), nullable=False),
        sa.Column("p_police", sa.Float, nullable=False),
        sa.Column("champion_label", sa.String(16), nullable=False),
        sa.Column("champion_route", sa.String(16), nullable=False),
        sa.Column("champion_p_police", sa.Float, nullable=False),
        sa.Column("differs", sa.Boolean, nullable=False),
    )
    op.create_index("ix_shadow_readings_shadow_id", "shadow_readings", ["shadow_id"])
    op.create_table(
        "promotion_requests",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("decided_at", Instant),
        sa.Column("decided_by", sa.String(128)),
        sa.Column("decided_why", sa.Text),
    )
    op.create_index("ix_promotion_requests_asked_at", "promotion_requests", ["asked_at"])


def downgrade() -> None:
    op.drop_table("promotion_requests")
    op.drop_table("shadow_readings")
    op.drop_table("shadows")
