"""The full-text index over masked report texts, on SQLite and PostgreSQL alike.

Places are ``milliseconds of received_at × 1024 + n``, so that the index's own order is the order
of time: the newest reports that hold a word are read without sorting all that hold it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, select, text

from server.domain import fulltext
from server.domain.fulltext import Phrase
from server.store.search_tables import report_places
from server.store.tables import reports

PER_MILLISECOND = 1024
_SQLITE = "CREATE VIRTUAL TABLE report_grams USING fts5(grams, content='', tokenize='unicode61')"
_POSTGRES = (
    "ALTER TABLE report_places ADD COLUMN grams tsvector",
    "CREATE INDEX ix_report_places_grams ON report_places USING gin (grams)",
)


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """``since`` and ``until`` bound ``received_at``; ``below`` is the cursor."""

    question: tuple[Phrase, ...] = ()
    route: str | None = None
    label: str | None = None
    category: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    below: int | None = None


def create(conn: Connection) -> None:
    """The index of this database's kind; the table of places is there already."""
    made = (_SQLITE,) if conn.dialect.name == "sqlite" else _POSTGRES
    for statement in made:
        conn.exec_driver_sql(statement)


def add(conn: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Index new reports: ``id``, ``received_at``, ``text``, ``address`` and ``source_id``."""
    for row in rows:
        place = _free_place(conn, row["received_at"])
        words = fulltext.tokens(f"{row['text']}\n{row['address'] or ''}\n{row['source_id']}")
        conn.execute(insert(report_places).values(place=place, report_id=row["id"]))
        if conn.dialect.name == "sqlite":
            statement = text("INSERT INTO report_grams (rowid, grams) VALUES (:place, :grams)")
            conn.execute(statement, {"place": place, "grams": " ".join(words)})
        else:
            statement = text(
                "UPDATE report_places SET grams = CAST(:grams AS tsvector) WHERE place = :place"
            )
            conn.execute(statement, {"place": place, "grams": _tsvector(words)})


def find(conn: Connection, wanted: SearchFilter, *, limit: int) -> Sequence[Row[Any]]:
    """Rows of ``reports`` with their ``place``, newest first."""
    query = (
        select(reports, report_places.c.place)
        .join(report_places, report_places.c.report_id == reports.c.id)
        .order_by(report_places.c.place.desc())
        .limit(limit)
    )
    if wanted.question:
        query = query.where(text(_holds(conn)).bindparams(question=_asked(conn, wanted.question)))
    for name in ("route", "label", "category"):
        value = getattr(wanted, name)
        if value:
            query = query.where(reports.c[name] == value)
    bounds = [report_places.c.place < wanted.below] if wanted.below is not None else []
    if wanted.since:
        bounds.append(report_places.c.place >= _place(wanted.since))
    if wanted.until:
        bounds.append(report_places.c.place < _place(wanted.until))
    return list(conn.execute(query.where(and_(True, *bounds))))


def _holds(conn: Connection) -> str:
    if conn.dialect.name == "sqlite":
        return (
            "report_places.place IN "
            "(SELECT rowid FROM report_grams WHERE report_grams MATCH :question)"
        )
    return "report_places.grams @@ CAST(:question AS tsquery)"


def _asked(conn: Connection, question: tuple[Phrase, ...]) -> str:
    """Tokens are Chinese characters, letters and digits only: nothing in them to escape."""
    if conn.dialect.name == "sqlite":
        made = ('"' + " ".join(p.tokens) + '"' + ("*" if p.prefix else "") for p in question)
        return " AND ".join(made)
    return " & ".join(
        "(" + " <-> ".join(f"'{token}'" for token in p.tokens) + (":*" if p.prefix else "") + ")"
        for p in question
    )


def _tsvector(words: Sequence[str]) -> str:
    return " ".join(f"'{word}':{min(at, 16383)}" for at, word in enumerate(words, 1))


def _place(at: datetime) -> int:
    return int(at.timestamp() * 1000) * PER_MILLISECOND


def _free_place(conn: Connection, at: datetime) -> int:
    """The next place of the report's millisecond; more than 1,024 in one go on into the next."""
    first = _place(at)
    query = select(func.max(report_places.c.place)).where(
        report_places.c.place >= first, report_places.c.place < first + 64 * PER_MILLISECOND
    )
    taken = conn.execute(query).scalar_one()
    return first if taken is None or taken < first else taken + 1
