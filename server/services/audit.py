"""What happened and who looked, for those who watch the watchers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from server.domain.errors import Invalid
from server.domain.views import Page, TimelineEvent
from server.office import Office
from server.services import paging
from server.store import events, view_traces
from server.store.engine import reading
from server.store.events import EventFilter

MAX_NUMBER = 2**62


@dataclass(frozen=True, slots=True)
class ViewTrace:
    """Somebody saw clear data or took a list away: ``what`` is the kind, ``object_id`` of what."""

    id: int
    at: datetime
    who: str
    what: str
    object_id: str


def event_page(
    office: Office, wanted: EventFilter, *, after: str | None = None, limit: int = 100
) -> Page[TimelineEvent]:
    """Events, newest first. Raises Invalid for a cursor that was not made here."""
    limit = paging.bounded(limit)
    wanted = replace(wanted, below=_number(after))
    with reading(office.engine) as conn:
        found = events.page(conn, wanted, limit=limit + 1)
    return Page(tuple(found[:limit]), str(found[limit - 1].id) if len(found) > limit else None)


def trace_page(
    office: Office, *, who: str | None = None, after: str | None = None, limit: int = 100
) -> Page[ViewTrace]:
    """Views of clear data, newest first. Raises Invalid for a foreign cursor."""
    limit = paging.bounded(limit)
    with reading(office.engine) as conn:
        rows = view_traces.page(conn, who=who, below=_number(after), limit=limit + 1)
    found = tuple(ViewTrace(row.id, row.at, row.who, row.what, row.object_id) for row in rows)
    return Page(found[:limit], str(found[limit - 1].id) if len(found) > limit else None)


def _number(after: str | None) -> int | None:
    if not after:
        return None
    if not (after.isascii() and after.isdigit() and int(after) < MAX_NUMBER):
        raise Invalid("after", "is not a cursor; take it from 'next' of the page before")
    return int(after)
