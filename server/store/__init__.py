"""SQL for SQLite and PostgreSQL; the only room that knows tables."""
