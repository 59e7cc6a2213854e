"""A case changes hands: to another unit, or to the police in one touch."""

from __future__ import annotations

import pytest

from server.domain.errors import AlreadyAssigned, CaseClosed, Conflict, NotAllowed
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import handing, reading, recalled

ADMIN = Actor("admin", Role.ADMIN)


def test_a_case_is_handed_over_by_whoever_has_it(
    street: Office, file, open_dispute, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    with pytest.raises(NotAllowed):
        handing.hand_over(street, case_id, "middle", Actor("x", Role.MEDIATOR, "far"))
    seen = handing.hand_over(street, case_id, "middle", mediator)
    assert seen.assignment is not None
    assert seen.assignment.unit_id == "middle"
    with pytest.raises(AlreadyAssigned):
        handing.hand_over(street, case_id, "far", mediator)
    other = open_dispute(street, file, dispatcher)
    assert reading.case(street, other, ADMIN).assignment is not None
    with pytest.raises(Conflict):
        handing.hand_over(street, case_id, "near", dispatcher)
    after = reading.case(street, case_id, ADMIN).assignment
    assert after is not None
    assert after.unit_id == "middle"


def test_a_recall_to_the_police_frees_the_unit_and_alerts_once(
    street: Office, file, open_dispute, close_case, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    seen = handing.recall(street, case_id, mediator)
    assert (seen.route, seen.status, seen.assignment) == ("police", "open", None)
    assert seen.danger >= 90
    assert handing.recall(street, case_id, mediator).route == "police"
    told = [event.kind for event in reading.case(street, case_id, ADMIN).timeline]
    assert told.count("police_needed") == 1
    assert told.count("assignment_ended") == 1
    close_case(street, case_id, dispatcher)
    with pytest.raises(CaseClosed):
        handing.recall(street, case_id, dispatcher)


def test_a_recall_stands_until_the_unit_says_it_has_left(
    street: Office, clock, file, open_dispute, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    assert recalled.standing(street, mediator) is None
    with pytest.raises(Conflict):
        recalled.withdrew(street, case_id, mediator)
    handing.recall(street, case_id, dispatcher)
    seen = recalled.standing(street, mediator)
    assert seen is not None
    assert (seen.case_id, seen.police, seen.contact) == (case_id, True, "指挥室")
    assert recalled.standing(street, Actor("x", Role.MEDIATOR, "far")) is None
    clock.forward(60)
    recalled.withdrew(street, case_id, mediator)
    recalled.withdrew(street, case_id, mediator)
    assert recalled.standing(street, mediator) is None
    told = [event.kind for event in reading.case(street, case_id, ADMIN).timeline]
    assert told.count("unit_withdrew") == 1


def test_a_recall_nobody_answered_ends_with_the_shift(
    street: Office, clock, file, open_dispute, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = open_dispute(street, file, dispatcher)
    handing.recall(street, case_id, dispatcher)
    clock.forward(recalled.STANDS.total_seconds() + 1)
    assert recalled.standing(street, mediator) is None
