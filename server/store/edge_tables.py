"""Tables of what stands between devices and cases: agents, links, alarms, calls, frames."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from server.store.columns import BigKey, Instant, Json
from server.store.tables import metadata

edge_agents = Table(
    "edge_agents",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("told_at", Instant, nullable=False),
    Column("subscribed", Boolean, nullable=False),
    Column("waiting", BigKey, nullable=False),
    Column("oldest_at", Instant),
    Column("state", Json, nullable=False),
    comment="What each edge agent last said of itself.",
)

device_links = Table(
    "device_links",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("heard_at", Instant, comment="Arrival of the newest message that is no last will."),
    Column("offline_at", Instant, comment="Arrival of the newest 'offline'."),
    Column("noticed", String(16), comment="What people were told last: online, offline."),
    Column("noticed_at", Instant),
    Column("gateway", String(64), comment="The device it speaks through; silent with it."),
    Column("member", String(64), comment="Who carries it, as named in the unit."),
    Column("skew_s", Integer, comment="Its clock against ours, positive ahead."),
    Index("ix_device_links_noticed", "noticed", "heard_at"),
)

device_holds = Table(
    "device_holds",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("device_id", String(64), ForeignKey("devices.id"), nullable=False),
    Column("unit_id", String(64), ForeignKey("units.id"), comment="Empty: in nobody's hands."),
    Column("member", String(64), comment="Who was named when it was handed over."),
    Column("begun_at", Instant, comment="Empty: since the device is known."),
    Column("ended_at", Instant, comment="Empty: it still is."),
    Column("by", String(128), nullable=False, comment="Who handed it over."),
    Index("ix_device_holds_device", "device_id", "begun_at"),
    Index("ix_device_holds_unit", "unit_id", "ended_at"),
    Index(
        "ix_device_holds_open",
        "device_id",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    comment="With whom each device was, and when.",
)

shift_members = Table(
    "shift_members",
    metadata,
    Column("unit_id", String(64), ForeignKey("units.id"), primary_key=True),
    Column("start_at", Instant, primary_key=True, comment="Of the shift."),
    Column("name", String(64), primary_key=True),
    comment="Whom the roster names for a shift.",
)

shift_devices = Table(
    "shift_devices",
    metadata,
    Column("unit_id", String(64), ForeignKey("units.id"), primary_key=True),
    Column("start_at", Instant, primary_key=True, comment="Of the shift."),
    Column("device_id", String(64), ForeignKey("devices.id"), primary_key=True),
    Column("member", String(64), comment="Who is to carry it."),
    Index("ix_shift_devices_device", "device_id", "start_at"),
    comment="Devices the roster gives to a shift.",
)

standing_alarms = Table(
    "standing_alarms",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("alarm", String(24), primary_key=True),
    Column("active", Boolean, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("event_id", BigKey, comment="The event that told of its being raised."),
)

telemetry_runs = Table(
    "telemetry_runs",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("boot", String(64), primary_key=True),
    Column("seq", BigKey, nullable=False),
    Column("gap_since", Instant),
    Column("touched_at", Instant, nullable=False, index=True),
    comment="How far each run is stored, where several agents share the load.",
)

telemetry_voids = Table(
    "telemetry_voids",
    metadata,
    Column("device_id", String(64), primary_key=True),
    Column("boot", String(64), primary_key=True),
    Column("seq", BigKey, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False, index=True),
    comment="Numbers of messages that nobody could read: dead letters, not waited for.",
)

down_calls = Table(
    "down_calls",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("assignment_id", BigKey, ForeignKey("assignments.id"), nullable=False),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("unit_id", String(64), nullable=False),
    Column("device_id", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("handed_at", Instant, comment="Given to an agent."),
    Column("sent_at", Instant, comment="Taken by the broker."),
    Column("answered_at", Instant),
    Column("state", String(16), nullable=False),
    Column("body", Json, nullable=False),
    Index("ix_down_calls_waiting", "state", "expires_at"),
    Index("ix_down_calls_assignment", "assignment_id", "device_id", unique=True),
)

frames = Table(
    "frames",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("device_id", String(64), nullable=False),
    Column("unit_id", String(64)),
    Column("case_id", String(32), ForeignKey("cases.id"), index=True),
    Column("taken_at", Instant, nullable=False, index=True),
    Column("stored_at", Instant, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("faces_masked", Boolean, nullable=False),
    Column("signature", String(128), nullable=False),
    Column("signer", String(64), nullable=False),
    Column("quality", Json, nullable=False),
    Column("note", Text),
    comment="Masked pictures and what is known of them.",
)

frame_pictures = Table(
    "frame_pictures",
    metadata,
    Column("sha256", String(64), ForeignKey("frames.sha256"), primary_key=True),
    Column("content_sealed", LargeBinary, nullable=False),
)
