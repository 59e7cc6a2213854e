"""Words from the door and from feedback codes, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from server.config import Settings
from server.domain.errors import NotAllowed
from server.domain.opinions import Weight
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import audit, dispatch, door, opinions, reading, review
from server.services.intake import Taken
from server.store import learning
from server.store.engine import reading as snapshot
from server.store.events import EventFilter
from triage.taxonomy import Label

TABLE = 'name = "made up"\n[codes]\n1001 = "dispute.neighbour"\n2 = "police"\n'


def report_of(taken: Taken) -> str:
    return str(taken.answer["report"]["id"])  # type: ignore[index,call-overload]


@pytest.fixture
def at_door(
    street: Office,
    file: Callable[..., Taken],
    open_dispute: Callable[..., str],
    dispatcher: Actor,
) -> str:
    """A dispute that unit ``near`` has."""
    case_id = open_dispute(street, file, dispatcher)
    if reading.case(street, case_id, dispatcher).assignment is None:
        dispatch.assign(street, case_id, "near", dispatcher)
    return case_id


def words_on(office: Office, case_id: str, dispatcher: Actor) -> list[Any]:
    [report_id] = reading.case(office, case_id, dispatcher).report_ids
    with snapshot(office.engine) as conn:
        return list(learning.opinions(conn, report_id=report_id))


def unit_of(office: Office, case_id: str, dispatcher: Actor) -> str:
    given = reading.case(office, case_id, dispatcher).assignment
    assert given is not None
    return given.unit_id


def test_police_at_the_door_come_beside_the_mediators(
    street: Office, at_door: str, dispatcher: Actor
) -> None:
    unit = unit_of(street, at_door, dispatcher)
    who = Actor("made-up-mediator", Role.MEDIATOR, unit)
    before = len(words_on(street, at_door, dispatcher))
    door.say(street, at_door, label=Label.POLICE, category="police.assault", actor=who)
    case = reading.case(street, at_door, dispatcher)
    assert (case.route, case.label, case.category) == ("joint", "police", "police.assault")
    assert unit_of(street, at_door, dispatcher) == unit
    word = words_on(street, at_door, dispatcher)[-1]
    # Who corrected it before was a person, so that is what the phone showed.
    assert (word.purpose, word.saw_model) == ("door", before == 0)
    assert len(audit.event_page(street, EventFilter(kind="police_needed")).items) == 1
    door.say(street, at_door, label=Label.SERVICE, category=None, actor=who)
    assert reading.case(street, at_door, dispatcher).route == "joint"


def test_only_the_unit_that_has_the_case_speaks(street: Office, at_door: str) -> None:
    other = Actor("made-up-other", Role.MEDIATOR, "far")
    with pytest.raises(NotAllowed):
        door.say(street, at_door, label=Label.POLICE, category=None, actor=other)


@pytest.fixture
def coded(office: Office) -> Office:
    (office.home / "codes.toml").write_text(TABLE, "utf-8")
    table = Settings.model_validate({"learning": {"feedback_codes": "codes.toml"}})
    return replace(office, settings=table)


def test_feedback_codes_teach_weakly_and_a_person_outweighs_them(
    coded: Office, file: Callable[..., Taken], dispatcher: Actor
) -> None:
    known, unknown = (report_of(file(feedback_code=code)) for code in ("100102", "9"))
    [line] = opinions.labelled(coded)
    assert (line.report_id, line.current.label) == (known, Label.DISPUTE)
    assert (line.current.category, line.current.weight) == ("dispute.neighbour", Weight.FEEDBACK)
    review.correct(coded, known, label=Label.SERVICE, actor=dispatcher)
    review.correct(coded, unknown, label=Label.SERVICE, actor=dispatcher)
    found = {row.report_id: row.current for row in opinions.labelled(coded)}
    assert {now.weight for now in found.values()} == {Weight.SINGLE}
    assert found[known].label is Label.SERVICE


def test_a_table_that_cannot_be_read_teaches_nothing(
    coded: Office, file: Callable[..., Taken]
) -> None:
    file(feedback_code="1001")
    (coded.home / "codes.toml").write_text("[codes", "utf-8")
    assert list(opinions.labelled(coded)) == []
