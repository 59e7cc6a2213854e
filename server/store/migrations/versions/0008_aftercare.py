"""What follows a closed case, and breaks of shifts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("case_id", sa.String(32), nullable=False),
        sa.Column("made_at", Instant(), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("form", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("terms_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_agreements_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_agreements"),
        sa.UniqueConstraint("case_id", "key", name="uq_agreements_case_id_key"),
    )
    op.create_index("ix_agreements_case_id", "agreements", ["case_id"])
    op.create_index("ix_agreements_state", "agreements", ["state"])
    op.create_table(
        "instalments",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("agreement_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("amount_yuan", sa.Float()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("done_at", Instant()),
        sa.Column("done_by", sa.String(128)),
        sa.Column("remote", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name="fk_instalments_agreement_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_instalments"),
        sa.UniqueConstraint("agreement_id", "number", name="uq_instalments_agreement_id_number"),
    )
    op.create_index("ix_instalments_state", "instalments", ["state"])
    _tasks()
    _callbacks()
    op.create_table(
        "duty_breaks",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("unit_id", sa.String(64), nullable=False),
        sa.Column("start_at", Instant(), nullable=False),
        sa.Column("end_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_duty_breaks_unit_id"),
        sa.PrimaryKeyConstraint("id", name="pk_duty_breaks"),
        sa.UniqueConstraint("unit_id", "start_at", name="uq_duty_breaks_unit_id_start_at"),
    )
    op.create_index("ix_duty_breaks_end_at", "duty_breaks", ["end_at"])


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("case_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("party", sa.String(16), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("done_at", Instant()),
        sa.Column("done_by", sa.String(128)),
        sa.Column("note_sealed", sa.LargeBinary()),
        sa.Column("key", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_tasks_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        sa.UniqueConstraint("case_id", "key", name="uq_tasks_case_id_key"),
    )
    op.create_index("ix_tasks_case_id", "tasks", ["case_id"])
    op.create_index("ix_tasks_state", "tasks", ["state"])


def _callbacks() -> None:
    op.create_table(
        "callbacks",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("case_id", sa.String(32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("satisfaction", sa.String(16), nullable=False),
        sa.Column("relapse", sa.Boolean(), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary()),
        sa.Column("key", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_callbacks_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
        sa.UniqueConstraint("case_id", "key", name="uq_callbacks_case_id_key"),
    )
    op.create_index("ix_callbacks_case_id", "callbacks", ["case_id"])


def downgrade() -> None:
    for table in ("duty_breaks", "callbacks", "tasks", "instalments", "agreements"):
        op.drop_table(table)
