"""Reports, what the model said of them and what people said after it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from server.domain.case import Status
from server.domain.linking import Trace
from server.store import fulltext
from server.store.identity_tables import mentions
from server.store.tables import cases, corrections, predictions, reports

ReportRow = Row[*tuple[Any, ...]]
Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class ReportFilter:
    route: str | None = None
    label: str | None = None
    q: str | None = None
    before: tuple[datetime, str] | None = None
    """Only reports older than this (received_at, id)."""


def find(conn: Connection, report_id: str) -> ReportRow | None:
    return conn.execute(select(reports).where(reports.c.id == report_id)).one_or_none()


def find_by_source(conn: Connection, source: str, source_id: str) -> ReportRow | None:
    mine = and_(reports.c.source == source, reports.c.source_id == source_id)
    return conn.execute(select(reports).where(mine)).one_or_none()


def known_source_ids(conn: Connection, source: str, source_ids: Collection[str]) -> set[str]:
    query = select(reports.c.source_id).where(
        reports.c.source == source, reports.c.source_id.in_(source_ids)
    )
    return set(conn.execute(query).scalars())


def add(conn: Connection, rows: Sequence[Values]) -> None:
    """New reports, and their place in the full-text index."""
    if rows:
        conn.execute(insert(reports), list(rows))
        fulltext.add(conn, rows)


def add_predictions(conn: Connection, rows: Sequence[Values]) -> None:
    if rows:
        conn.execute(insert(predictions), list(rows))


def change(conn: Connection, report_id: str, **values: object) -> None:
    conn.execute(update(reports).where(reports.c.id == report_id).values(**values))


def page(conn: Connection, wanted: ReportFilter, *, limit: int) -> list[ReportRow]:
    """Newest first."""
    query = select(reports).order_by(reports.c.received_at.desc(), reports.c.id.desc())
    if wanted.route:
        query = query.where(reports.c.route == wanted.route)
    if wanted.label:
        query = query.where(reports.c.label == wanted.label)
    if wanted.q:
        words = wanted.q.split()
        for word in words[:5]:
            query = query.where(
                or_(
                    reports.c.text.contains(word, autoescape=True),
                    reports.c.address.contains(word, autoescape=True),
                )
            )
    if wanted.before:
        at, report_id = wanted.before
        older = and_(reports.c.received_at == at, reports.c.id < report_id)
        query = query.where(or_(reports.c.received_at < at, older))
    return list(conn.execute(query.limit(limit)))


def of_case(conn: Connection, case_id: str) -> list[ReportRow]:
    """First report first: the others repeat it."""
    query = select(reports).where(reports.c.case_id == case_id)
    return list(conn.execute(query.order_by(reports.c.taken_at, reports.c.id)))


def ids_of_cases(conn: Connection, case_ids: Collection[str]) -> dict[str, list[str]]:
    query = (
        select(reports.c.case_id, reports.c.id)
        .where(reports.c.case_id.in_(case_ids))
        .order_by(reports.c.taken_at, reports.c.id)
    )
    found: dict[str, list[str]] = {}
    for row in conn.execute(query):
        found.setdefault(row.case_id, []).append(row.id)
    return found


def last_prediction(conn: Connection, report_id: str) -> ReportRow | None:
    query = select(predictions).where(predictions.c.report_id == report_id)
    return conn.execute(query.order_by(predictions.c.id.desc()).limit(1)).one_or_none()


def predictions_of(conn: Connection, report_id: str) -> Sequence[ReportRow]:
    """Model and time of every judgement of one report, the first one first."""
    query = select(predictions.c.model, predictions.c.at)
    own = predictions.c.report_id == report_id
    return conn.execute(query.where(own).order_by(predictions.c.id)).all()


def recent_traces(
    conn: Connection,
    caller_keys: Collection[str],
    *,
    since: datetime,
    person_id: str,
) -> list[Trace]:
    """Reports of the same caller or person since then that have a case, for linking."""
    keys = list(caller_keys)
    query = (
        select(reports, cases.c.status, mentions.c.person_id)
        .join(cases, cases.c.id == reports.c.case_id)
        .outerjoin(mentions, mentions.c.report_id == reports.c.id)
        .where(
            reports.c.received_at >= since,
            or_(
                reports.c.phone_key.in_(keys),
                reports.c.id_key.in_(keys),
                mentions.c.person_id == person_id,
            ),
        )
        .order_by(reports.c.received_at.desc())
        .limit(50)
    )
    return [
        Trace(
            report_id=row.linked_to or row.id,
            case_id=row.case_id,
            case_open=row.status != Status.CLOSED,
            received_at=row.received_at,
            caller_keys=frozenset(k for k in (row.phone_key, row.id_key, row.person_id) if k),
            address_key=row.address_key,
            is_dispute=row.label == "dispute",
        )
        for row in conn.execute(query)
    ]


def last_correction_id(conn: Connection) -> int:
    return conn.execute(select(func.max(corrections.c.id))).scalar_one() or 0


def without_prediction(conn: Connection, *, limit: int) -> list[ReportRow]:
    """Reports taken in while no model was usable, oldest first."""
    query = select(reports).where(reports.c.label.is_(None)).order_by(reports.c.taken_at)
    return list(conn.execute(query.limit(limit)))


def doubts_of_cases(conn: Connection, case_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Doubts of the newest prediction of each case's main report."""
    query = (
        select(reports.c.case_id, predictions.c.assessment)
        .join(predictions, predictions.c.report_id == reports.c.id)
        .where(reports.c.case_id.in_(case_ids), reports.c.linked_to.is_(None))
        .order_by(predictions.c.id)
    )
    rows = conn.execute(query) if case_ids else ()
    return {row.case_id: tuple(row.assessment.get("doubt") or ()) for row in rows}
