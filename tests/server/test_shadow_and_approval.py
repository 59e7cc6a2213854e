"""A candidate in shadow reads live reports; a promotion may want a second person."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest

from server.domain.errors import Conflict, Invalid, NotAllowed
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import approval, audit, models, reading, shadow
from server.services.intake import Taken
from server.store.events import EventFilter
from triage.artefact import seal_of
from triage.shipped import models_dir
from triage.signing import vouch

CHEF = Actor("made-up-chef", Role.SUPERVISOR)
BOSS = Actor("made-up-boss", Role.ADMIN)
Filer = Callable[..., Taken]


def place(office: Office, name: str) -> None:
    """A copy of the shipped model that hands nothing mild on: its routes differ."""
    served = models.registry(office).current()
    path = office.home / "models" / name
    shutil.copytree(models_dir() / served.name, path)
    facts = json.loads((path / "manifest.json").read_text("utf-8")) | {"name": name}
    facts["thresholds"]["values"] |= {"mediate_at": 1.1, "service_at": 1.1}
    (path / "manifest.json").write_text(json.dumps(facts | {"seal": seal_of(facts)}), "utf-8")
    vouch(office.home, path, office.clock())


def kinds(office: Office) -> list[str]:
    return [event.kind for event in audit.event_page(office, EventFilter()).items]


def test_what_a_candidate_would_say_is_listed_and_decides_nothing(
    office: Office, file: Filer
) -> None:
    place(office, "careful-1")
    file("从前的一件事，楼上漏水")
    shadow.start(office, "careful-1", actor=CHEF, why="先看看")
    routes = [file().answer["route"], file("楼下有人拿着菜刀砍人").answer["route"]]
    assert routes == ["mediate", "police"]
    before = shadow.view(office)
    assert before is not None
    assert (before.read, before.waiting) == (0, 2)
    assert (shadow.read_batch(office), shadow.read_batch(office)) == (2, 0)
    seen = shadow.view(office)
    assert seen is not None
    assert (seen.read, seen.differing, seen.waiting, seen.running) == (2, 1, 0, True)
    (found,) = seen.differences
    assert (found.champion_route, found.route) == ("mediate", "review")
    assert found.champion == office.judge.name
    assert "text" not in found._fields
    told = reading.report(office, found.report_id, CHEF).judged_by
    assert told is not None
    named = [(one.model, one.role) for one in told]
    assert named == [(office.judge.name, "champion"), ("careful-1", "shadow")]
    shadow.stop(office, actor=CHEF)
    assert shadow.read_batch(office) == 0
    assert kinds(office)[0] == "shadow_ended"


def test_a_candidate_that_cannot_read_says_why_and_loses_nothing(
    office: Office, file: Filer
) -> None:
    place(office, "broken-1")
    shadow.start(office, "broken-1", actor=CHEF, why="试")
    (office.home / "models" / "broken-1" / "terms.json").unlink()
    file()
    assert shadow.read_batch(office) == 0
    seen = shadow.view(office)
    assert seen is not None
    assert "terms.json is missing" in seen.row.fault
    assert seen.waiting == 1


def test_one_shadow_at_a_time_and_only_by_those_who_may(office: Office) -> None:
    place(office, "careful-1")
    with pytest.raises(NotAllowed):
        shadow.start(office, "careful-1", actor=Actor("x", Role.DISPATCHER), why="试")
    with pytest.raises(Invalid):
        shadow.start(office, "--help", actor=CHEF, why="试")
    shadow.start(office, "careful-1", actor=CHEF, why="试")
    with pytest.raises(Conflict):
        shadow.start(office, "careful-1", actor=BOSS, why="试")


def test_too_few_reports_in_shadow_keep_a_model_from_serving(
    with_settings: Callable[..., Office],
) -> None:
    office = with_settings(models={"shadow_reports": 5})
    place(office, "careful-1")
    with pytest.raises(Invalid, match="须先试运行满5条"):
        approval.promote(office, "careful-1", actor=CHEF, why="试")


@pytest.fixture
def two(with_settings: Callable[..., Office]) -> Office:
    office = with_settings(models={"second_approver": True})
    (office.home / "xiaonao.toml").write_text("[models]\nsecond_approver = true\n", "utf-8")
    return office


def test_the_second_person_is_another_one_and_both_are_on_record(two: Office) -> None:
    served = models.registry(two).current()
    place(two, "same-1")
    assert not approval.promote(two, "same-1", actor=CHEF, why="重训后更好")
    assert models.registry(two).current().name == served.name
    (waiting,) = approval.waiting(two)
    with pytest.raises(Invalid, match="另一人"):
        approval.confirm(two, waiting.id, actor=replace(BOSS, name="Made-up-CHEF"), why="好")
    with pytest.raises(Invalid, match="已在等待"):
        approval.promote(two, "same-1", actor=BOSS, why="我也要")
    assert approval.confirm(two, waiting.id, actor=BOSS, why="看过比对") == "same-1"
    (made,) = models.registry(two).history()
    assert (made.by, made.second, made.second_why) == (CHEF.name, BOSS.name, "看过比对")
    told = audit.event_page(two, EventFilter(kind="model_promoted")).items
    assert [event.body["second"] for event in told] == [BOSS.name]
    with pytest.raises(Conflict):
        approval.confirm(two, waiting.id, actor=BOSS, why="再来")
    assert models.rollback(two, actor=CHEF, why="一人即可") == served.name


def test_one_person_alone_is_refused_by_command_too(two: Office) -> None:
    place(two, "same-1")
    with pytest.raises(Invalid, match="Two persons decide here"):
        models.promote(two, "same-1", actor=CHEF, why="自己来")


def test_a_request_is_taken_off(two: Office) -> None:
    place(two, "same-1")
    approval.promote(two, "same-1", actor=CHEF, why="试")
    approval.decline(two, approval.waiting(two)[0].id, actor=BOSS, why="还没看")
    assert not approval.waiting(two)
    assert "promotion_declined" in kinds(two)
