"""Cases joined by hand, the random audit, and cases of one route found quickly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant, Json

revision = "0014"
down_revision = "0012a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_joins",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("into_id", sa.String(32), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("by", sa.String(128), nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("moved", Json, nullable=False),
        sa.Column("undone_at", Instant),
        sa.Column("undone_by", sa.String(128)),
    )
    op.create_index("ix_case_joins_case_id", "case_joins", ["case_id"])
    op.create_index("ix_case_joins_into_id", "case_joins", ["into_id"])
    op.create_table(
        "audits",
        sa.Column("report_id", sa.String(32), sa.ForeignKey("reports.id"), primary_key=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("probability", sa.Float, nullable=False),
        sa.Column("label", sa.String(16)),
        sa.Column("looked_at", Instant),
        sa.Column("looked_by", sa.String(128)),
    )
    op.create_index("ix_audits_waiting", "audits", ["looked_at", "at"])
    op.create_index("ix_cases_route_newest", "cases", ["route", "status", "opened_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_cases_route_newest", "cases")
    op.drop_table("audits")
    op.drop_table("case_joins")
