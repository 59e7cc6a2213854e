"""Verdicts that a person set against the evidence; one a step, kept with what stood before."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select

from server.store.dispatch_tables import overrules

OverruleRow = Row[*tuple[Any, ...]]


def add(conn: Connection, values: dict[str, object]) -> None:
    conn.execute(insert(overrules).values(**values))


def find(conn: Connection, step_id: int) -> OverruleRow | None:
    return conn.execute(select(overrules).where(overrules.c.step_id == step_id)).one_or_none()
