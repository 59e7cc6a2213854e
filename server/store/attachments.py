"""Notes and files of cases; contents only ever sealed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from server.store.phone_tables import attachments

AttachmentRow = Row[*tuple[Any, ...]]
Values = dict[str, object]
_TOLD = [column for column in attachments.c if column.name != "content_sealed"]


def add(conn: Connection, values: Values) -> None:
    conn.execute(insert(attachments).values(**values))


def by_key(conn: Connection, case_id: str, key: str) -> AttachmentRow | None:
    query = select(*_TOLD).where(attachments.c.case_id == case_id, attachments.c.key == key)
    return conn.execute(query).one_or_none()


def count(conn: Connection, case_id: str) -> int:
    query = select(func.count()).where(attachments.c.case_id == case_id)
    return int(conn.execute(query).scalar_one())


def of_case(conn: Connection, case_id: str) -> list[AttachmentRow]:
    """In order of time, without contents."""
    query = select(*_TOLD).where(attachments.c.case_id == case_id)
    return list(conn.execute(query.order_by(attachments.c.at, attachments.c.id)))


def notes_of_case(conn: Connection, case_id: str) -> dict[str, bytes]:
    """Sealed texts of the notes by id."""
    query = select(attachments.c.id, attachments.c.content_sealed).where(
        attachments.c.case_id == case_id, attachments.c.kind == "note"
    )
    return {row.id: row.content_sealed for row in conn.execute(query)}


def find(conn: Connection, attachment_id: str) -> AttachmentRow | None:
    """With its sealed content."""
    query = select(attachments).where(attachments.c.id == attachment_id)
    return conn.execute(query).one_or_none()
