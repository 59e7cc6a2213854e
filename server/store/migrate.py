"""Bringing a database to today's tables, once, however many processes start together."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

_ADVISORY_KEY = 7_391_052
"""Any constant; two migrations of one PostgreSQL database wait for each other on it."""


def migrate(engine: Engine) -> None:
    """Run what is missing; safe to call at every start."""
    config = _config()
    with engine.connect() as raw:
        conn = raw.execution_options(writes=True)
        with conn.begin():
            if engine.dialect.name == "postgresql":
                conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY})
            config.attributes["connection"] = conn
            command.upgrade(config, "head")


def pending(engine: Engine) -> str | None:
    """The revision the database lacks, or None when it is up to date."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with engine.connect() as conn:
        current = MigrationContext.configure(conn).get_current_revision()
    return None if current == head else head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
