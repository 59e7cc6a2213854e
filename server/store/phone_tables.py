"""What phones add: notes and files of a case, and where a phone can be pushed to."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, Table, UniqueConstraint

from server.store.columns import BigKey, Instant
from server.store.tables import metadata

attachments = Table(
    "attachments",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_id", String(32), ForeignKey("cases.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("media_type", String(32), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False, comment="of the clear content"),
    Column("at", Instant, nullable=False, comment="when it was made, by the phone"),
    Column("stored_at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("unit_id", String(64)),
    Column("key", String(128), nullable=False),
    Column("content_sealed", LargeBinary, nullable=False),
    UniqueConstraint("case_id", "key"),
)

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("endpoint_key", String(64), primary_key=True),
    Column("user_name", String(64), nullable=False, index=True),
    Column("unit_id", String(64), nullable=False, index=True),
    Column("created_at", Instant, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("subscription_sealed", LargeBinary, nullable=False),
)

push_position = Table(
    "push_position",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("event_id", BigKey, nullable=False),
    comment="One row: the last event whose phones have been told.",
)
