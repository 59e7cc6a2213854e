"""After the end: tasks, agreements until fulfilled, calls back that open a case again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from server.domain.aftercare import (
    AftercareRule,
    AgreementForm,
    Instalment,
    Party,
    Satisfaction,
    TaskKind,
    TaskState,
    check_instalments,
    plan,
)
from server.domain.case import Disposition
from server.domain.errors import Conflict, Invalid, NotAllowed
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import aftercare, agreements, reading, tracking
from server.store.aftercare import TaskFilter
from server.sweep import sweep_once

NOW = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
ADMIN = Actor("admin", Role.ADMIN)


def closed(office: Office, file, open_dispute, dispatcher: Actor, end: Disposition) -> str:
    case_id = open_dispute(office, file, dispatcher)
    tracking.close(office, case_id, disposition=end, key="end-1", actor=dispatcher)
    return case_id


def tasks(office: Office, actor: Actor, **wanted) -> tuple:
    return aftercare.task_page(office, TaskFilter(**wanted), actor).items


def story(office: Office, case_id: str) -> list[str]:
    return [event.kind for event in reading.case(office, case_id, ADMIN).timeline]


def test_each_end_leaves_its_own_tasks() -> None:
    rule = AftercareRule()
    follow = plan(Disposition.FOLLOW_UP, NOW, rule)
    assert [(t.party, (t.due_at - NOW).days) for t in follow] == [
        (Party.OFFICER, 1),
        (Party.VILLAGE, 3),
        (Party.TEAM, 7),
    ]
    assert [t.party for t in plan(Disposition.ESCALATED, NOW, rule)] == [Party.CENTRE]
    assert [t.kind for t in plan(Disposition.SETTLED_ON_SPOT, NOW, rule)] == [TaskKind.CALLBACK]
    assert plan(Disposition.INVALID, NOW, rule) == ()


@pytest.mark.parametrize(
    "days", [[], [-3], [5, 2]], ids=["none", "before the agreement", "not in order"]
)
def test_instalments_have_an_order(days: list[int]) -> None:
    with pytest.raises(Invalid, match="instalments"):
        check_instalments([Instalment(NOW + timedelta(days=d)) for d in days], NOW)


def test_tasks_are_seen_by_whom_they_concern_and_done_once(
    street: Office, file, open_dispute, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = closed(street, file, open_dispute, dispatcher, Disposition.FOLLOW_UP)
    seen = tasks(street, dispatcher)
    assert [t.party for t in seen] == ["officer", "village", "team"]
    assert tasks(street, mediator) == seen
    stranger = Actor("other", Role.MEDIATOR, "far")
    assert tasks(street, stranger) == ()
    with pytest.raises(NotAllowed):
        aftercare.finish_task(street, seen[0].id, note=None, actor=stranger)
    done = aftercare.finish_task(street, seen[0].id, note="双方已和好", actor=mediator)
    again = aftercare.finish_task(street, seen[0].id, note="别的", actor=dispatcher)
    assert (done.state, done.note) == ("done", "双方已和好")
    assert again == done
    assert tasks(street, ADMIN, state=TaskState.DONE)[0].note is None
    assert story(street, case_id).count("task_done") == 1


def test_pages_of_tasks_follow_on(street: Office, file, open_dispute, dispatcher: Actor) -> None:
    closed(street, file, open_dispute, dispatcher, Disposition.FOLLOW_UP)
    first = aftercare.task_page(street, TaskFilter(), dispatcher, limit=2)
    rest = aftercare.task_page(street, TaskFilter(), dispatcher, after=first.next, limit=2)
    assert [t.party for t in (*first.items, *rest.items)] == ["officer", "village", "team"]
    assert rest.next is None


def test_late_tasks_are_told_once(
    street: Office, file, open_dispute, clock, dispatcher: Actor
) -> None:
    case_id = closed(street, file, open_dispute, dispatcher, Disposition.ESCALATED)
    assert aftercare.raise_overdue(street) == 0
    clock.forward(86_400 + 1)
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: aftercare.raise_overdue(street), range(4)))
    assert sum(told) == 1
    assert sweep_once(street).overdue == 0
    assert story(street, case_id).count("task_overdue") == 1


def test_an_agreement_is_followed_until_fulfilled(
    street: Office, file, open_dispute, clock, dispatcher: Actor, mediator: Actor
) -> None:
    case_id = closed(street, file, open_dispute, dispatcher, Disposition.SETTLED_LATER)
    parts = [Instalment(clock() + timedelta(days=d), 40_000) for d in (10, 40, 70)]
    made = agreements.record(
        street,
        case_id,
        form=AgreementForm.WRITTEN,
        terms="三期付清工资12万元",
        instalments=parts,
        key="a1",
        actor=mediator,
    )
    again = agreements.record(
        street,
        case_id,
        form=AgreementForm.ORAL,
        terms="别的",
        instalments=parts,
        key="a1",
        actor=mediator,
    )
    assert again == made
    clock.forward(11 * 86_400)
    assert sweep_once(street).overdue >= 1
    assert agreements.raise_overdue(street) == 0
    urging = tasks(street, dispatcher, kind=TaskKind.PERFORMANCE)
    assert [t.state for t in urging] == ["open"]
    for number in (1, 2, 3):
        seen = agreements.perform(street, made.id, number, remote=number == 3, actor=mediator)
    assert seen.state == "fulfilled"
    assert seen.instalments[2].remote
    assert agreements.perform(street, made.id, 1, remote=False, actor=mediator) == seen
    assert [t.state for t in tasks(street, dispatcher, kind=TaskKind.PERFORMANCE)] == ["done"]
    told = story(street, case_id)
    assert told.count("agreement_fulfilled") == 1
    assert told.count("instalment_overdue") == 1
    assert agreements.page(street, ADMIN).items[0].terms == ""
    assert agreements.page(street, mediator).items[0].terms == "三期付清工资12万元"


def test_the_unhappy_have_a_case_again(
    street: Office, file, open_dispute, dispatcher: Actor
) -> None:
    case_id = closed(street, file, open_dispute, dispatcher, Disposition.SETTLED_ON_SPOT)
    call = lambda said, key, relapse=False: aftercare.call_back(  # noqa: E731
        street, case_id, satisfaction=said, relapse=relapse, key=key, actor=dispatcher
    )
    assert not call(Satisfaction.UNREACHED, "c1").reopened
    assert [t.state for t in tasks(street, dispatcher)] == ["open"]
    assert not call(Satisfaction.SATISFIED, "c2").reopened
    assert [t.state for t in tasks(street, dispatcher)] == ["done"]
    assert call(Satisfaction.NEUTRAL, "c3", relapse=True).reopened
    assert call(Satisfaction.NEUTRAL, "c3", relapse=True).reopened
    seen = reading.case(street, case_id, dispatcher)
    assert seen.status == "assigned"
    assert seen.assignment is not None
    assert (seen.disposition, seen.closed_at) == (None, None)
    assert story(street, case_id).count("case_reopened") == 1
    with pytest.raises(Conflict, match="not closed"):
        call(Satisfaction.SATISFIED, "c4")
    tracking.close(
        street, case_id, disposition=Disposition.FOLLOW_UP, key="end-2", actor=dispatcher
    )
    assert reading.case(street, case_id, dispatcher).status == "closed"
    assert len(tasks(street, dispatcher, state=TaskState.OPEN)) == 3


def test_opening_again_drops_what_the_end_had_planned(
    street: Office, file, open_dispute, dispatcher: Actor
) -> None:
    case_id = closed(street, file, open_dispute, dispatcher, Disposition.FOLLOW_UP)
    aftercare.call_back(
        street,
        case_id,
        satisfaction=Satisfaction.UNHAPPY,
        relapse=False,
        key="c1",
        actor=dispatcher,
    )
    dropped = tasks(street, dispatcher)
    assert {t.state for t in dropped} == {"dropped"}
    with pytest.raises(Conflict, match="no longer needed"):
        aftercare.finish_task(street, dropped[0].id, note=None, actor=dispatcher)
