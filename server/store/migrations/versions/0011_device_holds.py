"""With whom each device was and when; whom and which devices a shift names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.store.columns import BigKey, Instant

revision = "0011"
down_revision = "0015a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_holds",
        sa.Column("id", BigKey, primary_key=True),
        sa.Column("device_id", sa.String(64), sa.ForeignKey("devices.id"), nullable=False),
        sa.Column("unit_id", sa.String(64), sa.ForeignKey("units.id")),
        sa.Column("member", sa.String(64)),
        sa.Column("begun_at", Instant),
        sa.Column("ended_at", Instant),
        sa.Column("by", sa.String(128), nullable=False),
    )
    op.create_index("ix_device_holds_device", "device_holds", ["device_id", "begun_at"])
    op.create_index("ix_device_holds_unit", "device_holds", ["unit_id", "ended_at"])
    op.create_index(
        "ix_device_holds_open",
        "device_holds",
        ["device_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "shift_members",
        sa.Column("unit_id", sa.String(64), sa.ForeignKey("units.id"), primary_key=True),
        sa.Column("start_at", Instant, primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
    )
    op.create_table(
        "shift_devices",
        sa.Column("unit_id", sa.String(64), sa.ForeignKey("units.id"), primary_key=True),
        sa.Column("start_at", Instant, primary_key=True),
        sa.Column("device_id", sa.String(64), sa.ForeignKey("devices.id"), primary_key=True),
        sa.Column("member", sa.String(64)),
    )
    op.create_index("ix_shift_devices_device", "shift_devices", ["device_id", "start_at"])
    # What is known of the devices there are: with their present unit and carrier since ever.
    op.execute(
        'INSERT INTO device_holds (device_id, unit_id, member, ended_at, "by") '
        "SELECT d.id, d.unit_id, l.member, d.revoked_at, 'setup' "
        "FROM devices d LEFT JOIN device_links l ON l.device_id = d.id"
    )


def downgrade() -> None:
    op.drop_table("shift_devices")
    op.drop_table("shift_members")
    op.drop_table("device_holds")
