"""Tables of who is who. Names and numbers are keyed hashes; only a surname stands in clear."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, String, Table

from server.store.columns import BigKey, Instant, Json
from server.store.tables import metadata

mentions = Table(
    "mentions",
    metadata,
    Column("report_id", String(32), ForeignKey("reports.id"), primary_key=True),
    Column("person_id", String(32), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("phone_key", String(64), index=True),
    Column("id_key", String(64), index=True),
    Column("name_key", String(64), index=True),
    Column("surname", String(8)),
    Column("sex", String(1)),
    Column("area", String(128)),
    Column("building", String(16)),
    Column("unit", String(16)),
    Column("room", String(16)),
    Column("place_key", String(192), index=True),
    Column("agent", String(16), comment="Who told it for the person: relative, neighbour, …"),
    Column("agent_key", String(96), index=True, comment="Relation and number of who told it."),
    Column("others", Json, comment="Who else the text names: surname, keyed hash, sex."),
    Column("pair_key", String(192), index=True, comment="Two surnames and the house they meet in."),
    comment="What each report says of its caller and place, and whom that was taken for.",
)

identity_acts = Table(
    "identity_acts",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", String(128), nullable=False),
    Column("kind", String(16), nullable=False, comment="asked, merged, split"),
    Column("state", String(16), nullable=False, comment="pending, standing, refused, undone"),
    Column("person_id", String(32), nullable=False, index=True),
    Column("other_id", String(32), nullable=False, index=True),
    Column("score", Float),
    Column("reasons", Json, nullable=False),
    Column("moved", Json, nullable=False, comment="Reports that changed their person by it."),
    Column("settled_at", Instant),
    Column("settled_by", String(128)),
    Column("why", String(32), comment="A word of a short list; empty when a rule did it."),
    Index("ix_identity_acts_state", "state", "id"),
    comment="Every merge, split and open question about identity; nothing is ever deleted.",
)
