"""Joint cases: the police are asked, reminded, told by their system, and answer; bounded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pydantic import SecretStr

from server.domain import joint as rules
from server.domain.errors import Conflict, Invalid
from server.domain.joint import NoticeRule, NoticeState, PoliceAnswer
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import door, joint, police_line, reading, review
from server.sweep import sweep_once
from triage.taxonomy import Label, Route

ADMIN = Actor("admin", Role.ADMIN)


@pytest.fixture
def joint_case(street: Office, file, open_dispute, dispatcher: Actor) -> str:
    """A case of the unit ``near`` that a person has made joint."""
    case_id: str = open_dispute(street, file, dispatcher)
    review.decide_route(street, case_id, Route.JOINT, actor=dispatcher)
    return case_id


class _Line:
    """A real police line on a free port: answers as told, keeps what came."""

    def __init__(self) -> None:
        self.came: list[dict[str, object]] = []
        self.tokens: list[str | None] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                outer.came.append(json.loads(self.rfile.read(length)))
                outer.tokens.append(self.headers.get("Authorization"))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/joint"


@pytest.fixture
def line() -> Iterator[_Line]:
    made = _Line()
    Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def _with(office: Office, **changes: object) -> Office:
    police = office.settings.police.model_copy(update=changes)
    return replace(office, settings=office.settings.model_copy(update={"police": police}))


def _told(office: Office, case_id: str) -> list[str]:
    return [event.kind for event in reading.case(office, case_id, ADMIN).timeline]


def _notice(office: Office, case_id: str):
    seen = reading.case(office, case_id, ADMIN).police
    assert seen is not None
    return seen


def test_pauses_double_and_tries_and_reminders_are_bounded() -> None:
    rule, now = NoticeRule(attempts=3, retry_s=2, reminds=2), datetime(2026, 11, 1, tzinfo=UTC)
    waits = [(rules.next_attempt(n, now, rule) - now).total_seconds() for n in (1, 2, 3, 9)]
    assert waits == [2, 4, 8, 60]
    assert rules.after_failure(2, rule) is NoticeState.ASKED
    assert rules.after_failure(3, rule) is NoticeState.UNREACHED
    assert rules.after_reminder(1, NoticeState.TOLD, rule) is NoticeState.TOLD
    assert rules.after_reminder(2, NoticeState.TOLD, rule) is NoticeState.SILENT
    entering = [(s, a) for s in NoticeState for a in PoliceAnswer if rules.may_enter(s, a)]
    assert entering == [(NoticeState.ANSWERED, PoliceAnswer.HERE)]


def test_the_sweep_asks_once_and_both_sides_see_it(street: Office, joint_case: str) -> None:
    assert reading.case(street, joint_case, ADMIN).police is None
    assert sweep_once(street).police == 1
    assert sweep_once(street).police == 0
    seen = _notice(street, joint_case)
    assert (seen.state, seen.answer, seen.may_enter) == ("asked", None, False)
    asked = [
        e for e in reading.case(street, joint_case, ADMIN).timeline if e.kind == "police_asked"
    ]
    assert [event.unit_id for event in asked] == ["near"]


def test_silence_is_reminded_a_bounded_number_of_times_and_stays_visible(
    street: Office, clock, joint_case: str
) -> None:
    sweep_once(street)
    for _ in range(6):
        clock.forward(61)
        sweep_once(street)
    assert _told(street, joint_case).count("police_reminded") == 2
    assert _told(street, joint_case).count("police_silent") == 1
    assert _notice(street, joint_case).state == "silent"
    assert joint.standing_count(street) == (1, 1)
    joint.ask_again(street, joint_case, ADMIN)
    assert _notice(street, joint_case).state == "asked"
    assert joint.standing_count(street) == (1, 0)


def test_an_answer_says_who_comes_and_when_and_a_later_one_replaces_it(
    street: Office, clock, joint_case: str, dispatcher: Actor
) -> None:
    sweep_once(street)
    coming, here = PoliceAnswer.COMING, PoliceAnswer.HERE
    for _ in range(2):
        joint.answer(street, joint_case, coming, officer="警号1000", minutes=None, actor=dispatcher)
    seen = joint.answer(
        street, joint_case, coming, officer="警号1000", minutes=4, actor=dispatcher
    ).police
    assert seen is not None
    assert (seen.answer, seen.officer, seen.may_enter) == ("coming", "警号1000", False)
    assert seen.answered_at == clock()
    assert seen.due_at == clock() + timedelta(minutes=4)
    joint.answer(street, joint_case, here, officer="警号1000", minutes=None, actor=dispatcher)
    assert _notice(street, joint_case).may_enter
    assert _told(street, joint_case).count("police_answered") == 3
    clock.forward(300)
    sweep_once(street)
    assert "police_reminded" not in _told(street, joint_case)
    with pytest.raises(Invalid):
        joint.answer(street, joint_case, here, officer=None, minutes=3, actor=dispatcher)
    with pytest.raises(Invalid):
        joint.answer(street, joint_case, here, officer="长" * 41, minutes=None, actor=dispatcher)


def test_a_case_that_is_no_longer_joint_waits_for_nobody(
    street: Office, clock, joint_case: str, close_case, dispatcher: Actor
) -> None:
    sweep_once(street)
    review.decide_route(street, joint_case, Route.MEDIATE, actor=dispatcher)
    sweep_once(street)
    assert joint.standing_count(street) == (0, 0)
    with pytest.raises(Conflict):
        joint.answer(
            street, joint_case, PoliceAnswer.HERE, officer=None, minutes=None, actor=dispatcher
        )
    review.decide_route(street, joint_case, Route.JOINT, actor=dispatcher)
    sweep_once(street)
    assert _told(street, joint_case).count("police_asked") == 2
    close_case(street, joint_case, dispatcher)
    clock.forward(600)
    sweep_once(street)
    assert joint.standing_count(street) == (0, 0)


def test_what_a_mediator_says_at_the_door_asks_the_police_too(
    street: Office, file, open_dispute, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    door.say(street, case_id, label=Label.POLICE, category="police.threat", actor=mediator)
    sweep_once(street)
    assert _notice(street, case_id).state == "asked"


def test_the_polices_own_system_is_told_without_a_person_in_it(
    street: Office, line: _Line, joint_case: str
) -> None:
    office = _with(street, url=line.url, token=SecretStr("t-1000"))
    sweep_once(office)
    assert police_line.tell_police(office) == 1
    assert police_line.tell_police(office) == 0
    assert _notice(office, joint_case).state == "told"
    assert line.tokens == ["Bearer t-1000"]
    message = line.came[0]
    assert message["case_id"] == joint_case
    assert message["unit"]["id"] == "near"  # type: ignore[index]
    assert message["reports"][0]["source"] == "test"  # type: ignore[index]
    assert "1000000" not in json.dumps(message)
    assert "李某某" not in json.dumps(message, ensure_ascii=False)


def test_a_line_that_fails_is_tried_a_bounded_number_of_times(
    street: Office, clock, line: _Line, joint_case: str
) -> None:
    office = _with(street, url=line.url, attempts=3, reminds=20)
    line.status = 503
    sweep_once(office)
    for _ in range(6):
        police_line.tell_police(office)
        clock.forward(30)
    assert len(line.came) == 3
    told = _told(office, joint_case)
    assert (told.count("police_retry"), told.count("police_unreached")) == (1, 1)
    assert _notice(office, joint_case).state == "unreached"
    assert joint.standing_count(office) == (1, 1)
    line.status = 200
    joint.ask_again(office, joint_case, ADMIN)
    assert police_line.tell_police(office) == 1
    assert _notice(office, joint_case).state == "told"


def test_nobody_listening_is_a_failure_like_any_other(street: Office, joint_case: str) -> None:
    office = _with(street, url="http://127.0.0.1:9/none", attempts=1)
    sweep_once(office)
    assert police_line.tell_police(office) == 0
    assert _notice(office, joint_case).state == "unreached"
