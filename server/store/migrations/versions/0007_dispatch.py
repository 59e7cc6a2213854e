"""Calls to parties, overruled verdicts, traits of units."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant, Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "party_calls",
        sa.Column("id", BigKey, nullable=False),
        sa.Column("case_id", sa.String(32), nullable=False),
        sa.Column("unit_id", sa.String(64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column(
            "kind",
            sa.String(16),
            nullable=False,
            comment="dialled by the phone, or record of a line",
        ),
        sa.Column(
            "talked_s",
            sa.Float(),
            nullable=True,
            comment="of a record; empty when only dialling is known",
        ),
        sa.Column("key", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_party_calls_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_party_calls"),
        sa.UniqueConstraint("case_id", "key", name="uq_party_calls_case_id_key"),
    )
    op.create_index("ix_party_calls_case_id", "party_calls", ["case_id"])
    op.create_table(
        "overrules",
        sa.Column("step_id", BigKey, autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("before", sa.String(16), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["steps.id"], name="fk_overrules_step_id"),
        sa.PrimaryKeyConstraint("step_id", name="pk_overrules"),
    )
    op.create_table(
        "unit_traits",
        sa.Column("unit_id", sa.String(64), nullable=False),
        sa.Column("skills", Json, nullable=False, comment="categories and languages, as words"),
        sa.Column("areas", Json, nullable=False, comment="communities the unit answers for"),
        sa.Column("veteran", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_unit_traits_unit_id"),
        sa.PrimaryKeyConstraint("unit_id", name="pk_unit_traits"),
    )


def downgrade() -> None:
    for table in ("unit_traits", "overrules", "party_calls"):
        op.drop_table(table)
