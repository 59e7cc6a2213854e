"""The police beside the mediators: asked as soon as a case is joint, reminded, answered.

The sweep asks, whatever made the case joint (its words, a graver call, a person, the mediator at
the door): one place, so none can be forgotten. The worker posts (``police_line``); people answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from server.domain import joint as rules
from server.domain.case import Status
from server.domain.errors import CaseClosed, Conflict, Invalid, Missing
from server.domain.events import NewEvent
from server.domain.joint import NoticeState, PoliceAnswer
from server.domain.roles import SYSTEM, Actor
from server.domain.views import CaseView, Json
from server.office import Office
from server.services import viewing
from server.store import cases, events, police_notices
from server.store.engine import reading, writing
from server.store.police_notices import NoticeRow
from triage.taxonomy import Route

MAX_OFFICER = 40
MAX_MINUTES = 240


def sweep_notices(office: Office) -> int:
    """Ask for new joint cases, withdraw what is over, remind of what is unanswered; how many."""
    now = office.clock()
    with reading(office.engine) as conn:
        new, over = police_notices.to_ask(conn), police_notices.to_withdraw(conn)
        late = police_notices.to_remind(conn, now)
    if not (new or over or late):
        return 0
    with writing(office.engine) as conn:
        told = [event for case_id in new for event in _ask(office, conn, case_id, SYSTEM, now)]
        for case_id in over:
            _withdraw(conn, case_id)
        told += [event for row in late for event in _remind(office, conn, row, now)]
        events.tell(conn, told)
    return len(told)


def answer(
    office: Office,
    case_id: str,
    said: PoliceAnswer,
    *,
    officer: str | None,
    minutes: float | None,
    actor: Actor,
) -> CaseView:
    """The police, or the desk for them, say who comes and when; a later word replaces it.

    Raises Conflict for a case that is not joint, Invalid for a name or time out of bounds.
    """
    _check(said, officer, minutes)
    now = office.clock()
    with writing(office.engine) as conn:
        _joint_case(conn, case_id)
        if _standing(conn, case_id) is None:
            events.tell(conn, _ask(office, conn, case_id, SYSTEM, now))
        row = _standing(conn, case_id)
        assert row is not None, "asked above"
        due = now + timedelta(minutes=minutes) if minutes is not None else None
        same = row.state == NoticeState.ANSWERED and (row.answer, row.officer) == (said, officer)
        if not (same and due is None):
            values: Json = {"state": NoticeState.ANSWERED, "answer": said, "answered_at": now}
            values |= {"answered_by": actor.name, "officer": officer, "due_at": due}
            if not police_notices.swap(conn, row, {**values, "try_at": None, "remind_at": None}):
                raise Conflict(f"Case {case_id} has just changed; reload it.")
            body: Json = {"answer": said.value, "minutes": minutes}
            events.tell(conn, [_event(conn, "police_answered", case_id, actor.name, now, body)])
        return _view(conn, case_id)


def ask_again(office: Office, case_id: str, actor: Actor) -> CaseView:
    """Start anew after silence or failed posts: all attempts and reminders count again."""
    now = office.clock()
    with writing(office.engine) as conn:
        _joint_case(conn, case_id)
        events.tell(conn, _ask(office, conn, case_id, actor.name, now))
        return _view(conn, case_id)


def standing_count(office: Office) -> tuple[int, int]:
    """How many joint cases wait for a word of the police, and of how many nobody was reached."""
    with reading(office.engine) as conn:
        return police_notices.counts(conn)


def _ask(
    office: Office, conn: Connection, case_id: str, by: str, now: datetime
) -> Sequence[NewEvent]:
    """Looks again under the case's lock: another sweep or a correction may have been faster."""
    row = cases.find(conn, case_id, lock=True)
    if row is None or row.route != Route.JOINT or row.status == Status.CLOSED:
        return ()
    if by == SYSTEM and _standing(conn, case_id) is not None:
        return ()
    settings = office.settings.police
    police_notices.put(
        conn,
        case_id,
        {
            "asked_at": now,
            "state": NoticeState.ASKED,
            "told_at": None,
            "attempts": 0,
            "try_at": now if settings.url else None,
            "reminders": 0,
            "remind_at": now + timedelta(seconds=settings.remind_s),
            **dict.fromkeys(("answer", "answered_at", "answered_by", "officer", "due_at")),
        },
    )
    return (_event(conn, "police_asked", case_id, by, now, {}),)


def _standing(conn: Connection, case_id: str) -> NoticeRow | None:
    row = police_notices.find(conn, case_id)
    return None if row is None or row.state == NoticeState.WITHDRAWN else row


def _withdraw(conn: Connection, case_id: str) -> None:
    row = police_notices.find(conn, case_id)
    if row is not None:
        gone: dict[str, object] = {"state": NoticeState.WITHDRAWN, "try_at": None}
        police_notices.swap(conn, row, gone | {"remind_at": None})


def _remind(office: Office, conn: Connection, row: NoticeRow, now: datetime) -> Sequence[NewEvent]:
    rule = office.settings.police.rule()
    count = row.reminders + 1
    state = rules.after_reminder(count, NoticeState(row.state), rule)
    silent = state is NoticeState.SILENT
    again = None if silent else now + timedelta(seconds=rule.remind_s)
    values: dict[str, object] = {"state": state, "reminders": count, "remind_at": again}
    if not police_notices.swap(conn, row, values):
        return ()
    kind = "police_silent" if silent else "police_reminded"
    return (_event(conn, kind, row.case_id, SYSTEM, now, {"count": count}),)


def _event(
    conn: Connection, kind: str, case_id: str, by: str, now: datetime, body: Json
) -> NewEvent:
    """Names the unit that has the case, so that its phones are told as well."""
    running = cases.running_assignment(conn, case_id)
    unit_id = running.unit_id if running is not None else None
    return NewEvent(kind, now, by, case_id, unit_id=unit_id, body=body)


def _joint_case(conn: Connection, case_id: str) -> None:
    row = cases.find(conn, case_id, lock=True)
    if row is None:
        raise Missing("case", case_id)
    if row.status == Status.CLOSED:
        raise CaseClosed(case_id)
    if row.route != Route.JOINT:
        raise Conflict(f"Case {case_id} is not joint; set its route to joint first.")


def _view(conn: Connection, case_id: str) -> CaseView:
    row = cases.find(conn, case_id)
    assert row is not None, "found under its lock"
    return viewing.case_views(conn, [row])[0]


def _check(said: PoliceAnswer, officer: str | None, minutes: float | None) -> None:
    if officer is not None and len(officer) > MAX_OFFICER:
        raise Invalid("officer", f"请不要超过{MAX_OFFICER}字")
    if minutes is not None and not 0 <= minutes <= MAX_MINUTES:
        raise Invalid("minutes", f"请填0到{MAX_MINUTES}分钟")
    if minutes is not None and said is not PoliceAnswer.COMING:
        raise Invalid("minutes", "只有民警正在赶来时才填时间")
