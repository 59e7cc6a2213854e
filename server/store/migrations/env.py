"""Alembic's entry: migrations run on the connection that ``store.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from server.store import (
    aftercare_tables,
    dispatch_tables,
    edge_tables,
    experiment_tables,
    identity_tables,
    learning_tables,
    model_tables,
    phone_tables,
    review_tables,
    search_tables,
)
from server.store.tables import metadata

__all__ = [
    "aftercare_tables",
    "dispatch_tables",
    "edge_tables",
    "experiment_tables",
    "identity_tables",
    "learning_tables",
    "model_tables",
    "phone_tables",
    "review_tables",
    "search_tables",
]

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
    compare_type=True,
)
context.run_migrations()
