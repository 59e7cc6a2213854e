"""Edge agents, device links, standing alarms, shared runs, calls to devices, frames."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant, Json

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _agents_and_links()
    _runs()
    _calls()
    _frames()


def _agents_and_links() -> None:
    op.create_table(
        "edge_agents",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("told_at", Instant, nullable=False),
        sa.Column("subscribed", sa.Boolean, nullable=False),
        sa.Column("waiting", BigKey, nullable=False),
        sa.Column("oldest_at", Instant),
        sa.Column("state", Json, nullable=False),
    )
    op.create_table(
        "device_links",
        sa.Column("device_id", sa.String(64), primary_key=True),
        sa.Column("heard_at", Instant),
        sa.Column("offline_at", Instant),
        sa.Column("noticed", sa.String(16)),
        sa.Column("noticed_at", Instant),
        sa.Column("gateway", sa.String(64)),
        sa.Column("member", sa.String(64)),
        sa.Column("skew_s", sa.Integer),
    )
    op.create_index("ix_device_links_noticed", "device_links", ["noticed", "heard_at"])
    op.create_table(
        "standing_alarms",
        sa.Column("device_id", sa.String(64), primary_key=True),
        sa.Column("alarm", sa.String(24), primary_key=True),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.Column("event_id", BigKey),
    )


def _runs() -> None:
    op.create_table(
        "telemetry_runs",
        sa.Column("device_id", sa.String(64), primary_key=True),
        sa.Column("boot", sa.String(64), primary_key=True),
        sa.Column("seq", BigKey, nullable=False),
        sa.Column("gap_since", Instant),
        sa.Column("touched_at", Instant, nullable=False),
    )
    op.create_index("ix_telemetry_runs_touched_at", "telemetry_runs", ["touched_at"])
    op.create_table(
        "telemetry_voids",
        sa.Column("device_id", sa.String(64), primary_key=True),
        sa.Column("boot", sa.String(64), primary_key=True),
        sa.Column("seq", BigKey, primary_key=True, autoincrement=False),
        sa.Column("at", Instant, nullable=False),
    )
    op.create_index("ix_telemetry_voids_at", "telemetry_voids", ["at"])


def _calls() -> None:
    op.create_table(
        "down_calls",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("assignment_id", BigKey, sa.ForeignKey("assignments.id"), nullable=False),
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("unit_id", sa.String(64), nullable=False),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("made_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("handed_at", Instant),
        sa.Column("sent_at", Instant),
        sa.Column("answered_at", Instant),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("body", Json, nullable=False),
    )
    op.create_index("ix_down_calls_case_id", "down_calls", ["case_id"])
    op.create_index("ix_down_calls_waiting", "down_calls", ["state", "expires_at"])
    op.create_index(
        "ix_down_calls_assignment", "down_calls", ["assignment_id", "device_id"], unique=True
    )


def _frames() -> None:
    op.create_table(
        "frames",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("device_id", sa.String(64), nullable=False),
        sa.Column("unit_id", sa.String(64)),
        sa.Column("case_id", sa.String(32), sa.ForeignKey("cases.id")),
        sa.Column("taken_at", Instant, nullable=False),
        sa.Column("stored_at", Instant, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("faces_masked", sa.Boolean, nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("signer", sa.String(64), nullable=False),
        sa.Column("quality", Json, nullable=False),
        sa.Column("note", sa.Text),
    )
    op.create_index("ix_frames_case_id", "frames", ["case_id"])
    op.create_index("ix_frames_taken_at", "frames", ["taken_at"])


def downgrade() -> None:
    for name in (
        "frames",
        "down_calls",
        "telemetry_voids",
        "telemetry_runs",
        "standing_alarms",
        "device_links",
        "edge_agents",
    ):
        op.drop_table(name)
