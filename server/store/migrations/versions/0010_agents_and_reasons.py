"""Who told it for whom, who else a text names, and why two people were taken for one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import Json

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("identity_acts", sa.Column("why", sa.String(32)))
    op.add_column("mentions", sa.Column("agent", sa.String(16)))
    op.add_column("mentions", sa.Column("agent_key", sa.String(96)))
    op.add_column("mentions", sa.Column("others", Json))
    op.add_column("mentions", sa.Column("pair_key", sa.String(192)))
    op.create_index("ix_mentions_agent_key", "mentions", ["agent_key"])
    op.create_index("ix_mentions_pair_key", "mentions", ["pair_key"])


def downgrade() -> None:
    op.drop_index("ix_mentions_pair_key", "mentions")
    op.drop_index("ix_mentions_agent_key", "mentions")
    for column in ("pair_key", "others", "agent_key", "agent"):
        op.drop_column("mentions", column)
    op.drop_column("identity_acts", "why")
