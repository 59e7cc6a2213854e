"""Search over every report by words, kind and time; and the questions a person keeps.

Only masked texts are searched and shown: a search reveals no caller and leaves no trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from server.domain import fulltext
from server.domain.errors import Conflict, Invalid, Missing
from server.domain.roles import Actor
from server.domain.views import Page, ReportView
from server.office import Office
from server.services import paging, viewing
from server.store import fulltext as index
from server.store import saved_views
from server.store.engine import reading, writing
from server.store.fulltext import SearchFilter
from server.store.saved_views import SavedView

MAX_SAVED = 50
MAX_NAME = 40
MAX_ADDRESS = 1000
MAX_PLACE = 2**62


@dataclass(frozen=True, slots=True)
class Question:
    """Empty members ask for nothing; times bound ``received_at``."""

    q: str = ""
    route: str = ""
    label: str = ""
    category: str = ""
    since: datetime | None = None
    until: datetime | None = None


def find(
    office: Office, question: Question, *, after: str | None = None, limit: int = 50
) -> Page[ReportView]:
    """Newest first. Words of signs alone find nothing. Raises Invalid for a foreign cursor."""
    phrases = fulltext.phrases(question.q)
    if question.q.strip() and not phrases:
        return Page((), None)
    limit = paging.bounded(limit)
    wanted = SearchFilter(
        question=phrases,
        route=question.route or None,
        label=question.label or None,
        category=question.category or None,
        since=question.since,
        until=question.until,
        below=_place(after),
    )
    with reading(office.engine) as conn:
        rows = index.find(conn, wanted, limit=limit + 1)
    views = tuple(viewing.report_view(office.vault, row, clear=False) for row in rows[:limit])
    more = len(rows) > limit
    return Page(views, str(rows[limit - 1].place) if more else None)


def kept(office: Office, actor: Actor, page: str) -> list[SavedView]:
    """What this person keeps for a page, by name."""
    with reading(office.engine) as conn:
        return saved_views.of_owner(conn, actor.name, page)


def keep(office: Office, actor: Actor, *, page: str, name: str, query: str) -> None:
    """Keep a list's filters under a name; the same name is replaced. Raises Invalid, Conflict."""
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME:
        raise Invalid("name", f"请填1到{MAX_NAME}字的名称")
    if len(query) > MAX_ADDRESS:
        raise Invalid("query", "筛选条件太长，请减少一些")
    with writing(office.engine) as conn:
        if saved_views.count(conn, actor.name) >= MAX_SAVED:
            raise Conflict(f"No more than {MAX_SAVED} views are kept; remove one first.")
        saved_views.replace(
            conn,
            owner=actor.name,
            page=page,
            name=name,
            query=query,
            created_at=office.clock(),
        )


def forget(office: Office, actor: Actor, number: int) -> None:
    """Raises Missing when it is not this person's."""
    with writing(office.engine) as conn:
        if not saved_views.remove(conn, actor.name, number):
            raise Missing("view", str(number))


def _place(after: str | None) -> int | None:
    if not after:
        return None
    if not (after.isascii() and after.isdigit() and int(after) < MAX_PLACE):
        raise Invalid("after", "is not a cursor; take it from 'next' of the page before")
    return int(after)
