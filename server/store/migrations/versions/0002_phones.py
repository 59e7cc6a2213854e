"""Phones: notes and files of cases, Web Push."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("case_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("media_type", sa.String(32), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False, comment="of the clear content"),
        sa.Column("at", Instant(), nullable=False, comment="when it was made, by the phone"),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("unit_id", sa.String(64), nullable=True),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_attachments_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sa.UniqueConstraint("case_id", "key", name="uq_attachments_case_id_key"),
    )
    op.create_index("ix_attachments_case_id", "attachments", ["case_id"])
    op.create_table(
        "push_subscriptions",
        sa.Column("endpoint_key", sa.String(64), nullable=False),
        sa.Column("user_name", sa.String(64), nullable=False),
        sa.Column("unit_id", sa.String(64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("subscription_sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_key", name="pk_push_subscriptions"),
    )
    op.create_index("ix_push_subscriptions_user_name", "push_subscriptions", ["user_name"])
    op.create_index("ix_push_subscriptions_unit_id", "push_subscriptions", ["unit_id"])
    op.create_table(
        "push_position",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", BigKey, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_push_position"),
        comment="One row: the last event whose phones have been told.",
    )


def downgrade() -> None:
    for table in ("push_position", "push_subscriptions", "attachments"):
        op.drop_table(table)
