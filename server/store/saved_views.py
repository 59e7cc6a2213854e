"""Rows of kept questions: a name for the filters of a list's address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from server.store.search_tables import saved_views


@dataclass(frozen=True, slots=True)
class SavedView:
    """``query`` is the address's query without the question mark."""

    id: int
    page: str
    name: str
    query: str


def of_owner(conn: Connection, owner: str, page: str) -> list[SavedView]:
    query = select(saved_views).where(saved_views.c.owner == owner, saved_views.c.page == page)
    rows = conn.execute(query.order_by(saved_views.c.name))
    return [SavedView(row.id, row.page, row.name, row.query) for row in rows]


def count(conn: Connection, owner: str) -> int:
    query = select(func.count()).select_from(saved_views).where(saved_views.c.owner == owner)
    return conn.execute(query).scalar_one()


def replace(
    conn: Connection, *, owner: str, page: str, name: str, query: str, created_at: datetime
) -> None:
    """Keep under a name; what was kept under it before is gone."""
    conn.execute(
        delete(saved_views).where(
            saved_views.c.owner == owner, saved_views.c.page == page, saved_views.c.name == name
        )
    )
    conn.execute(
        insert(saved_views).values(
            owner=owner, page=page, name=name, query=query, created_at=created_at
        )
    )


def remove(conn: Connection, owner: str, number: int) -> int:
    mine = (saved_views.c.owner == owner) & (saved_views.c.id == number)
    return conn.execute(delete(saved_views).where(mine)).rowcount
