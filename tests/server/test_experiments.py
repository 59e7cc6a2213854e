"""An experiment on live cases and the figures of fairness, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from server.domain.errors import Conflict, Invalid
from server.domain.experiment import Arm
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import audit, experiments, fairness, reading, review
from server.services.intake import Taken
from server.store import cases as case_rows
from server.store import experiments as rows
from server.store.engine import reading as snapshot
from server.store.engine import writing
from server.store.events import EventFilter
from triage.taxonomy import Label, Route

CHEF = Actor("made-up-chef", Role.SUPERVISOR)
KNIFE = "楼下有人拿着菜刀追着人砍，已经有人流血了，快来人"
ARMS = (Arm.SHADOW, Arm.AUTO)


def begin(office: Office, **changes: object) -> None:
    usual = {"name": "分流有没有用", "why": "季度评估", "arms": ARMS, "planned": 200, "actor": CHEF}
    experiments.register(office, **(usual | changes))  # type: ignore[arg-type]


@pytest.fixture
def shadowed(office: Office, file: Callable[..., Taken]) -> Callable[[str], Taken]:
    """Files the same words until a case falls into the shadow arm."""
    begin(office)

    def make(text: str) -> Taken:
        for _ in range(40):
            taken = file(text)
            with snapshot(office.engine) as conn:
                if rows.arm_of(conn, case_of(taken)) == Arm.SHADOW:
                    return taken
        raise AssertionError("half of the cases are in each arm")

    return make


def case_of(taken: Taken) -> str:
    return str(taken.answer["case"]["id"])  # type: ignore[index,call-overload]


def report_of(taken: Taken) -> str:
    return str(taken.answer["report"]["id"])  # type: ignore[index,call-overload]


def test_one_runs_at_a_time_and_a_person_ends_it(office: Office) -> None:
    begin(office)
    with pytest.raises(Conflict):
        begin(office)
    experiments.end(office, why="评估完成", actor=CHEF)
    with pytest.raises(Conflict):
        experiments.end(office, why="再来", actor=CHEF)
    begin(office)
    [running, past] = experiments.every(office)
    assert (running.ended_at, past.end_why) == (None, "评估完成")
    told = audit.event_page(office, EventFilter(kind="experiment_started")).items
    assert len(told) == 2


@pytest.mark.parametrize(
    "wrong", [{"arms": (Arm.AUTO,)}, {"planned": 3}, {"name": ""}], ids=["arms", "cases", "name"]
)
def test_a_plan_that_proves_nothing_is_refused(office: Office, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        begin(office, **wrong)


def test_in_the_shadow_arm_nobody_sees_the_model_until_somebody_decided(
    office: Office, shadowed: Callable[[str], Taken], dispatcher: Actor, leak: str
) -> None:
    taken = shadowed(leak)
    seen = reading.report(office, report_of(taken), dispatcher)
    assert (seen.assessment, seen.label, seen.category) == (None, None, None)
    case = reading.case(office, case_of(taken), dispatcher)
    assert (case.route, case.label, case.category) == ("review", None, None)
    assert not any(event.body.get("category") for event in case.timeline)
    review.decide_route(office, case_of(taken), Route.MEDIATE, actor=dispatcher)
    assert reading.report(office, report_of(taken), dispatcher).assessment is not None


def test_police_matters_never_wait(office: Office, shadowed: Callable[[str], Taken]) -> None:
    assert shadowed(KNIFE).answer["route"] == "police"


def test_looks_are_taken_when_due_and_only_then(
    office: Office, file: Callable[..., Taken], leak: str
) -> None:
    begin(office)
    numbers = count()

    def close(n: int) -> None:
        ids = [f"case-{next(numbers)}" for _ in range(n)]
        with writing(office.engine) as conn:
            row = dict(case_rows.find(conn, case_of(first))._mapping)  # type: ignore[union-attr]
            experiment = rows.running(conn)
            assert experiment is not None
            for number, case_id in enumerate(ids):
                shut = {"id": case_id, "status": "closed", "closed_at": office.clock()}
                better = {"disposition": "settled_on_spot" if number % 2 else "follow_up"}
                case_rows.add(conn, row | shut | better)
                arm = Arm.AUTO if number % 2 else Arm.SHADOW
                rows.enrol(conn, case_id, experiment.id, arm=arm, at=office.clock())
                copy_report(conn, report_of(first), case_id)

    first = file(leak)
    close(48)
    assert experiments.look_when_due(office) == 0
    close(2)
    assert experiments.look_when_due(office) == 1
    assert experiments.look_when_due(office) == 0
    [look] = experiments.every(office)[0].looks
    settled = next(e for e in look.effects if e.outcome == "settled_on_spot")
    assert (settled.arm, settled.n, settled.difference) == (Arm.AUTO, 50, 1.0)
    assert settled.found
    assert look.may_stop


def copy_report(conn: object, report_id: str, case_id: str) -> None:
    from server.store import reports

    row = dict(reports.find(conn, report_id)._mapping)  # type: ignore[arg-type,union-attr]
    changes = {"id": f"r-{case_id}", "source_id": case_id, "case_id": case_id}
    reports.add(conn, [row | changes])  # type: ignore[arg-type]


def test_fairness_counts_what_people_called_police(
    office: Office, file: Callable[..., Taken], leak: str, dispatcher: Actor
) -> None:
    taken = file(leak)
    file(leak)
    review.correct(office, report_of(taken), label=Label.POLICE, actor=dispatcher)
    found = {figure.name: figure for figure in fairness.figures(office)}
    assert found["missed"].n == 1
    assert found["diverted"].n == 1
    assert found["missed"].gaps == ()


@pytest.fixture
def leak() -> str:
    return "报警人称楼上漏水把家里天花板泡坏了，与楼上业主协商赔偿不成，要求调解"
