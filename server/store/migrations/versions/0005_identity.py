"""Who is who: mentions and what was decided about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant, Json

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mentions",
        sa.Column("report_id", sa.String(32), sa.ForeignKey("reports.id"), primary_key=True),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("phone_key", sa.String(64)),
        sa.Column("id_key", sa.String(64)),
        sa.Column("name_key", sa.String(64)),
        sa.Column("surname", sa.String(8)),
        sa.Column("sex", sa.String(1)),
        sa.Column("area", sa.String(128)),
        sa.Column("building", sa.String(16)),
        sa.Column("unit", sa.String(16)),
        sa.Column("room", sa.String(16)),
        sa.Column("place_key", sa.String(192)),
    )
    for column in ("person_id", "phone_key", "id_key", "name_key", "place_key"):
        op.create_index(f"ix_mentions_{column}", "mentions", [column])
    op.create_table(
        "identity_acts",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("other_id", sa.String(32), nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("reasons", Json, nullable=False),
        sa.Column("moved", Json, nullable=False),
        sa.Column("settled_at", Instant),
        sa.Column("settled_by", sa.String(128)),
    )
    for columns in (["person_id"], ["other_id"]):
        op.create_index(f"ix_identity_acts_{columns[0]}", "identity_acts", columns)
    op.create_index("ix_identity_acts_state", "identity_acts", ["state", "id"])


def downgrade() -> None:
    op.drop_table("identity_acts")
    op.drop_table("mentions")
