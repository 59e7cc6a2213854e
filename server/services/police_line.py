"""Joint cases posted to the police's own system, tried again a bounded number of times.

Each try is claimed in the database before anything is sent: a worker that dies in between costs
one try, never a case told twice at the same moment. What is sent names places, never a person.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import httpx
import structlog
from sqlalchemy import Connection

from server.domain import joint as rules
from server.domain.events import NewEvent
from server.domain.joint import NoticeState
from server.domain.roles import SYSTEM
from server.domain.views import Json
from server.office import Office
from server.police_config import PoliceSettings
from server.store import cases, events, police_notices, reports, units
from server.store.engine import reading, writing
from server.store.police_notices import NoticeRow

Post = Callable[[PoliceSettings, Json], bool]
MAX_AT_ONCE = 10
"""Posts of one round: a line that hangs costs a worker at most this many timeouts."""

log = structlog.get_logger()


def tell_police(office: Office, post: Post | None = None) -> int:
    """Post what is due; how many were taken."""
    if not office.settings.police.url:
        return 0
    now = office.clock()
    with reading(office.engine) as conn:
        due = police_notices.to_post(conn, now)[:MAX_AT_ONCE]
    return sum(_tell(office, row, post or _post, now) for row in due)


def _tell(office: Office, row: NoticeRow, post: Post, now: datetime) -> bool:
    settings = office.settings.police
    attempts = row.attempts + 1
    again = rules.next_attempt(attempts, now, settings.rule())
    with writing(office.engine) as conn:
        if not police_notices.swap(conn, row, {"attempts": attempts, "try_at": again}):
            return False  # another worker was faster, or it was answered
        message = _message(conn, row)
    taken = post(settings, message)
    with writing(office.engine) as conn:
        claimed = police_notices.find(conn, row.case_id)
        if claimed is None or claimed.attempts != attempts or claimed.told_at is not None:
            return taken
        events.tell(conn, _note(office, conn, claimed, taken=taken))
    return taken


def _note(office: Office, conn: Connection, row: NoticeRow, *, taken: bool) -> list[NewEvent]:
    """A word that came meanwhile outranks what the line did."""
    now, state = office.clock(), NoticeState(row.state)
    body: dict[str, object] = {"attempts": row.attempts}
    if taken:
        reached = NoticeState.TOLD if state is NoticeState.ASKED else state
        done: Json = {"state": reached, "told_at": now, "try_at": None}
        kind = "police_told"
    else:
        failed = rules.after_failure(row.attempts, office.settings.police.rule())
        after = failed if state is NoticeState.ASKED else state
        given_up = failed is NoticeState.UNREACHED
        done = {"state": after, "try_at": None if given_up else row.try_at}
        kind = "police_unreached" if given_up else "police_retry"
    if not police_notices.swap(conn, row, done):
        return []
    if kind == "police_retry" and row.attempts > 1:
        return []  # the first failure is said at once, the last one loudly
    running = cases.running_assignment(conn, row.case_id)
    unit_id = running.unit_id if running is not None else None
    return [NewEvent(kind, now, SYSTEM, row.case_id, unit_id=unit_id, body=body)]


def _message(conn: Connection, row: NoticeRow) -> Json:
    """The police know the call by its own number; who called is theirs to look up."""
    case, running = cases.find(conn, row.case_id), cases.running_assignment(conn, row.case_id)
    assert case is not None, "a notice names its case: foreign key"
    sizes = units.member_counts(conn)
    return {
        "v": 1,
        "case_id": case.id,
        "asked_at": row.asked_at.isoformat(),
        "attempt": row.attempts + 1,
        "route": case.route,
        "category": case.category,
        "danger": case.danger,
        "address": case.address,
        "location": None
        if case.lat is None
        else {"lat": case.lat, "lon": case.lon, "crs": "WGS-84"},
        "reports": [
            {"source": told.source, "source_id": told.source_id}
            for told in reports.of_case(conn, case.id)
        ],
        "unit": None
        if running is None
        else {
            "id": running.unit_id,
            "mediators": sizes.get(running.unit_id),
            "eta_s": running.eta_s,
        },
        "answer_to": f"/api/v1/cases/{case.id}/police",
    }


def _post(settings: PoliceSettings, message: Json) -> bool:
    """True when they took it (2xx)."""
    headers = {}
    if settings.token.get_secret_value():
        headers["Authorization"] = f"Bearer {settings.token.get_secret_value()}"
    try:
        with httpx.Client(trust_env=False, timeout=settings.timeout_s) as client:
            answer = client.post(settings.url, json=message, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.warning("police_line_failed", error=type(error).__name__)
        return False
    if not answer.is_success:
        log.warning("police_line_failed", status=answer.status_code)
    return answer.is_success
