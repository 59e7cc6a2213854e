"""The caller's number is shown for the asking, once, and each asking is on record."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.domain.errors import AlreadyAssigned, Conflict, Missing, NotAllowed
from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import audit, caller_number, handing
from server.services.audit import EventFilter
from server.store import reports, view_traces
from server.store.engine import reading


@pytest.fixture
def case_id(
    street: Office, file: Callable[..., object], dispatcher: Actor, open_dispute: Callable[..., str]
) -> str:
    """With the unit ``near``."""
    return open_dispute(street, file, dispatcher)


def report_of(office: Office, case_id: str) -> str:
    with reading(office.engine) as conn:
        return str(reports.of_case(conn, case_id)[0].id)


def askings(office: Office, who: str) -> int:
    with reading(office.engine) as conn:
        seen = view_traces.page(conn, who=who, below=None, limit=50)
    return sum(row.what == "caller_number" for row in seen)


def test_each_asking_is_on_record(street: Office, case_id: str, mediator: Actor) -> None:
    report_id = report_of(street, case_id)
    for times in (1, 2):
        assert caller_number.show(street, case_id, report_id, mediator) == "10000000001"
        assert askings(street, mediator.name) == times
        told = audit.event_page(street, EventFilter(kind="caller_viewed")).items
        assert [event.case_id for event in told] == [case_id] * times
        assert "1000000" not in str(told)


def test_only_the_unit_that_has_the_case_sees_it(
    street: Office, case_id: str, mediator: Actor, dispatcher: Actor
) -> None:
    report_id = report_of(street, case_id)
    other = Actor("far-one", Role.MEDIATOR, "far")
    with pytest.raises(NotAllowed):
        caller_number.show(street, case_id, report_id, other)
    handing.hand_over(street, case_id, "far", dispatcher)
    with pytest.raises(AlreadyAssigned):
        caller_number.show(street, case_id, report_id, mediator)
    assert caller_number.show(street, case_id, report_id, other) == "10000000001"
    assert (askings(street, mediator.name), askings(street, other.name)) == (0, 1)


def test_no_number_is_said_plainly(
    street: Office,
    case_id: str,
    file: Callable[..., object],
    mediator: Actor,
    close_case: Callable[..., None],
) -> None:
    elsewhere = file(caller=Caller()).answer["report"]["id"]  # type: ignore[attr-defined]
    for report_id in ("r-none", elsewhere):
        with pytest.raises(Missing):
            caller_number.show(street, case_id, report_id, mediator)
    mine = report_of(street, case_id)
    close_case(street, case_id, mediator)
    with pytest.raises(Conflict):
        caller_number.show(street, case_id, mine, mediator)
