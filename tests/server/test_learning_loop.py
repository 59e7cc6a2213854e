"""Second opinions, what is exported for training, and decisions on models, on both databases."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest

from server.domain.errors import Conflict, Invalid, NotAllowed
from server.domain.opinions import Weight
from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import audit, lessons, models, opinions, review
from server.services.intake import Taken
from server.store.events import EventFilter
from triage.artefact import seal_of
from triage.registry import DECISIONS_FILE
from triage.shipped import models_dir
from triage.signing import vouch
from triage.taxonomy import Label

ANNA = Actor("made-up-anna", Role.DISPATCHER)
BERT = Actor("made-up-bert", Role.DISPATCHER)
CHEF = Actor("made-up-chef", Role.SUPERVISOR)


def report_of(taken: Taken) -> str:
    return str(taken.answer["report"]["id"])  # type: ignore[index,call-overload]


@pytest.fixture
def split(office: Office, file: Callable[..., Taken]) -> str:
    """A report on which two people differ."""
    report_id = report_of(file())
    review.correct(office, report_id, label=Label.SERVICE, actor=ANNA, screen="console")
    opinions.second(office, report_id, label=Label.DISPUTE, category=None, actor=BERT)
    return report_id


def exported(office: Office) -> list[dict[str, object]]:
    lessons.export_corrections(office, office.home / "corrections.jsonl")
    lines = (office.home / "corrections.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_a_conflict_waits_until_somebody_settles_it(office: Office, split: str) -> None:
    assert opinions.queue(office, ANNA) == ()
    (waiting,) = opinions.queue(office, CHEF)
    assert (waiting.report_id, waiting.conflict) == (split, True)
    opinions.adjudicate(office, split, label=Label.SERVICE, category=None, actor=CHEF, why="看原文")
    assert opinions.queue(office, CHEF) == ()
    (line,) = exported(office)
    assert (line["label"], line["how"], line["weight"]) == ("service", Weight.ADJUDICATED, 1.0)


def test_a_dispatcher_does_not_settle(office: Office, split: str) -> None:
    with pytest.raises(NotAllowed):
        opinions.adjudicate(office, split, label=Label.POLICE, category=None, actor=ANNA, why=None)


def test_reports_of_one_person_carry_the_same_key_and_no_name(
    office: Office, file: Callable[..., Taken]
) -> None:
    caller = Caller(name="李某某", phone="10000000099")
    mine = [report_of(file(caller=caller, address=None)) for _ in range(2)]
    for report_id in (*mine, report_of(file(address=None))):
        review.correct(office, report_id, label=Label.SERVICE, actor=ANNA)
    keys = {line["report_id"]: set(line["groups"]) for line in exported(office)}  # type: ignore[call-overload]
    assert keys[mine[0]] & keys[mine[1]]
    assert [len(found) for found in keys.values() if not found & keys[mine[0]]] == [1]
    written = (office.home / "corrections.jsonl").read_text("utf-8")
    assert "10000000099" not in written
    assert "李某某" not in written


def test_nobody_speaks_twice_in_second_opinions(office: Office, split: str) -> None:
    with pytest.raises(Conflict):
        opinions.second(office, split, label=Label.POLICE, category=None, actor=BERT)


def test_two_who_agree_outweigh_a_third(office: Office, file: Callable[..., Taken]) -> None:
    report_id = report_of(file())
    review.correct(office, report_id, label=Label.SERVICE, actor=ANNA)
    opinions.second(office, report_id, label=Label.SERVICE, category=None, actor=BERT)
    opinions.second(office, report_id, label=Label.POLICE, category=None, actor=CHEF)
    (line,) = exported(office)
    assert (line["label"], line["how"]) == ("service", "agreed")
    pairs = {row.readers: row.same for row in opinions.concord(office).pairs}
    assert pairs[(ANNA.name, BERT.name)] == 1.0
    assert pairs[(ANNA.name, CHEF.name)] == 0.0


def test_decisions_by_command_are_told_once(office: Office) -> None:
    folder = office.home / "models"
    folder.mkdir()
    line = {"at": "2026-07-01T08:00:00+00:00", "by": "李某某", "model": "m-2", "against": "m-1"}
    line |= {"passed": False, "reasons": ["class dropped: it never says service"]}
    (folder / DECISIONS_FILE).write_text(json.dumps(line) + '\n{"torn', encoding="utf-8")
    assert (models.record(office), models.record(office)) == (1, 0)
    (row,) = models.history(office)
    assert (row.model, row.passed, row.why) == ("m-2", False, line["reasons"][0])  # type: ignore[index]
    told = audit.event_page(office, EventFilter(kind="model_refused")).items
    assert [event.actor for event in told] == ["李某某"]


def test_rolling_back_without_an_earlier_model_says_so(office: Office) -> None:
    with pytest.raises(Invalid, match="没有可以退回的模型"):
        models.rollback(office, actor=CHEF, why="误判增多")


def test_an_unknown_model_is_not_promoted(office: Office) -> None:
    with pytest.raises(Invalid, match="没有这个模型"):
        models.promote(office, "--help", actor=CHEF, why="试")


def test_promote_from_the_office_and_back(office: Office) -> None:
    """The real command in its own process: an equal copy of the shipped model."""
    served = models.registry(office).current()
    copy = office.home / "models" / "copy-1"
    shutil.copytree(models_dir() / served.name, copy)
    facts = json.loads((copy / "manifest.json").read_text("utf-8")) | {"name": "copy-1"}
    (copy / "manifest.json").write_text(json.dumps(facts | {"seal": seal_of(facts)}), "utf-8")
    with pytest.raises(Invalid, match="nobody here signed it"):
        models.promote(office, "copy-1", actor=CHEF, why="试上线")
    vouch(office.home, copy, office.clock())
    models.promote(office, "copy-1", actor=CHEF, why="试上线")
    assert models.registry(office).current().name == "copy-1"
    assert models.rollback(office, actor=CHEF, why="试退回") == served.name
    kinds = {row.kind for row in models.history(office)}
    assert kinds == {"gate", "promoted", "rolled_back"}
