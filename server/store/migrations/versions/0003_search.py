"""Full-text index over reports, and kept questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store import fulltext
from server.store.columns import BigKey, Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BATCH = 500


def upgrade() -> None:
    op.create_table(
        "report_places",
        sa.Column("place", BigKey, primary_key=True, autoincrement=False),
        sa.Column(
            "report_id", sa.String(32), sa.ForeignKey("reports.id"), nullable=False, unique=True
        ),
        comment="Place in the full-text index; places follow the time of the report.",
    )
    op.create_table(
        "saved_views",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("page", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.UniqueConstraint("owner", "page", "name"),
    )
    op.create_index("ix_saved_views_owner", "saved_views", ["owner"])
    op.create_index("ix_events_kind", "events", ["kind", "id"])
    op.create_index("ix_events_actor", "events", ["actor", "id"])
    conn = op.get_bind()
    fulltext.create(conn)
    _index_what_is_there(conn)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE report_grams")
    op.drop_index("ix_events_actor", "events")
    op.drop_index("ix_events_kind", "events")
    op.drop_table("saved_views")
    op.drop_table("report_places")


def _index_what_is_there(conn: sa.Connection) -> None:
    reports = sa.table(
        "reports",
        sa.column("id", sa.String),
        sa.column("received_at", Instant),
        sa.column("text", sa.Text),
        sa.column("address", sa.Text),
        sa.column("source_id", sa.String),
    )
    last = ""
    while True:
        query = sa.select(reports).where(reports.c.id > last).order_by(reports.c.id).limit(_BATCH)
        rows = [dict(row._mapping) for row in conn.execute(query)]
        if not rows:
            return
        fulltext.add(conn, rows)
        last = rows[-1]["id"]
