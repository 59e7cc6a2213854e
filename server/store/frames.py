"""Masked pictures: what is known of each, and its sealed content."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, or_, select

from server.store.edge_tables import frame_pictures, frames
from server.store.tables import assignments

FrameRow = Row[*tuple[Any, ...]]
Values = dict[str, object]


def find(conn: Connection, sha256: str) -> FrameRow | None:
    return conn.execute(select(frames).where(frames.c.sha256 == sha256)).one_or_none()


def add(conn: Connection, values: Values, content_sealed: bytes) -> None:
    conn.execute(insert(frames).values(**values))
    row = {"sha256": values["sha256"], "content_sealed": content_sealed}
    conn.execute(insert(frame_pictures).values(**row))


def content(conn: Connection, sha256: str) -> bytes | None:
    query = select(frame_pictures.c.content_sealed).where(frame_pictures.c.sha256 == sha256)
    return conn.execute(query).scalar_one_or_none()


def signer_of(conn: Connection, device_id: str) -> str | None:
    """The key a device's first picture was signed with."""
    query = select(frames.c.signer).where(frames.c.device_id == device_id)
    return conn.execute(query.order_by(frames.c.stored_at).limit(1)).scalar_one_or_none()


def case_at(conn: Connection, unit_id: str, at: datetime) -> str | None:
    """The case a unit had at a moment."""
    query = select(assignments.c.case_id).where(
        assignments.c.unit_id == unit_id,
        assignments.c.at <= at,
        or_(assignments.c.ended_at.is_(None), assignments.c.ended_at >= at),
    )
    return conn.execute(query.order_by(assignments.c.at.desc()).limit(1)).scalar_one_or_none()


def of_case(conn: Connection, case_id: str) -> list[FrameRow]:
    query = select(frames).where(frames.c.case_id == case_id).order_by(frames.c.taken_at)
    return list(conn.execute(query))


def forget_before(conn: Connection, before: datetime) -> int:
    """Pictures older than retention allows; how many went."""
    old = select(frames.c.sha256).where(and_(frames.c.taken_at < before))
    conn.execute(delete(frame_pictures).where(frame_pictures.c.sha256.in_(old)))
    return conn.execute(delete(frames).where(frames.c.taken_at < before)).rowcount
