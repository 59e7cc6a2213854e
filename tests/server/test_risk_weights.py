"""The recurrence rule refitted on the office's own calls: exported, learned, promoted, shown."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from server.domain.errors import Invalid
from server.domain.roles import Actor, Role
from server.domain.training import RunState
from server.learner import Learner
from server.office import Office, utc_now
from server.services import audit, doctor, identity, risk_weights, training
from server.services.importer import import_file
from server.store.events import EventFilter
from server.web.pages import saying, sentences
from triage import risk_artefact, signing
from triage.recurrence_model import model_of
from triage.risk_served import ServedRisk
from triage.shipped import recurrence_text
from triage.training.recurrence_ship import NAME

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CHEF = Actor("made-up-chef", Role.SUPERVISOR)
SHIPPED = model_of(recurrence_text())
PATIENCE_S = 120
GOOD = {"auc": 0.8, "brier": 0.15, "ece": 0.02, "told": 0.6, "came_true": 0.6}


def put(home: Path, name: str, **facts: object) -> Path:
    """Weights as a refit would have left them in the home."""
    now = datetime(2026, 12, 1, tzinfo=UTC)
    signing.make_site_key(home / signing.FOLDER, now)
    told = {"against": NAME, "disputes": 300, "held_out": {"n": 90, "before": GOOD, "after": GOOD}}
    model = replace(SHIPPED, intercept=-1.5)
    path = risk_artefact.write(home / "risk", name, model, told | facts)
    signing.sign(home / signing.FOLDER, path)
    return path


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of a hundred people, some of whom call again and again."""
    draw, rows = Random(5), []
    for person in range(120):
        at = datetime(2024, 11, 1, tzinfo=UTC) + timedelta(days=draw.random() * 300)
        wait = draw.choice((15.0, 60.0, 400.0))
        while at < datetime(2026, 11, 1, tzinfo=UTC):
            phone = f"100000{person:05d}"
            rows.append((at, f"报警人称楼上住户半夜放音乐吵得睡不着，要求调解噪音纠纷,{phone}"))
            at += timedelta(days=draw.expovariate(1 / wait) + 1)
    rows.sort()
    lines = ["接警单编号,报警时间,报警内容,报警电话"]
    lines += [f"J{n:05d},{at:%Y-%m-%d %H:%M:%S},{rest}" for n, (at, rest) in enumerate(rows)]
    path = tmp_path_factory.mktemp("calls") / "calls.csv"
    path.write_text("\r\n".join(lines), "utf-8")
    return path


@pytest.fixture
def street(office: Office, calls: Path) -> Office:
    """By the real clock, because its workers watch a real process."""
    working = replace(office, clock=utc_now)
    list(import_file(working, calls, source="110", actor=Actor("admin", Role.ADMIN)))
    while identity.catch_up(working):
        pass
    return working


def test_the_console_refits_on_its_own_calls(street: Office) -> None:
    training.ask(street, actor=CHEF, encoder=training.RISK)
    learner = Learner(street)
    end = time.monotonic() + PATIENCE_S
    while training.log(street)[0].state in {RunState.WAITING, RunState.RUNNING}:
        assert time.monotonic() < end, "it never came"
        learner.round()
        time.sleep(0.05)
    run = training.log(street)[0]
    assert (run.state, run.fault) == (RunState.DONE, None)

    exported = (street.home / risk_weights.HISTORY_FILE).read_text("utf-8").splitlines()
    told = risk_artefact.facts_of(street.home / "risk" / run.model)["history"]
    assert told["events"] == len(exported) > 500
    assert all(set(json.loads(line)) == set(EXPORTED) for line in exported)
    assert "10000000001" not in "".join(exported)
    assert "party" not in "".join(exported[:1]), "people are hashes"

    made = {one.name: one for one in risk_weights.known(street)}[run.model]
    assert made.compared is not None
    assert not made.current
    assert street.risk.name == NAME


EXPORTED = ("id", "time", "kind", "dispute", "parties")


def test_too_short_a_history_fails_the_run_in_a_sentence(office: Office) -> None:
    office = replace(office, clock=utc_now)
    training.ask(office, actor=CHEF, encoder=training.RISK)
    learner = Learner(office)
    end = time.monotonic() + PATIENCE_S
    while training.log(office)[0].state in {RunState.WAITING, RunState.RUNNING}:
        assert time.monotonic() < end, "it never came"
        learner.round()
        time.sleep(0.05)
    assert "at least 100 are needed" in str(training.log(office)[0].fault)


def test_promoted_weights_serve_and_stand_in_the_log(office: Office) -> None:
    put(office.home, "risk-a")
    risk_weights.promote(office, "risk-a", actor=CHEF, why="一年数据")
    assert (office.risk.name, office.risk.model.intercept) == ("risk-a", -1.5)
    assert risk_weights.rollback(office, actor=CHEF, why="高估") == NAME
    assert office.risk.model == SHIPPED
    told = audit.event_page(office, EventFilter()).items
    kinds = [(one.kind, one.body.get("model")) for one in told if "model" in one.kind]
    assert sorted(kinds) == [("model_promoted", "risk-a"), ("model_rolled_back", NAME)]
    said = {sentences.tell(one, saying.Names()) for one in told if "model" in one.kind}
    assert {(one.text, one.feed) for one in said} == {
        ("复发风险权重已更换", False),
        ("复发风险权重退回上一份", False),
    }
    with pytest.raises(Invalid, match="没有可以退回的参数"):
        risk_weights.rollback(office, actor=CHEF, why="x")


def test_worse_weights_are_not_promoted(office: Office) -> None:
    bad = {**GOOD, "auc": 0.7}
    put(office.home, "risk-a", held_out={"n": 90, "before": GOOD, "after": bad})
    with pytest.raises(Invalid, match=r"AUC falls from 0\.8 to 0\.7"):
        risk_weights.promote(office, "risk-a", actor=CHEF, why="x")
    with pytest.raises(Invalid, match="没有这组参数"):
        risk_weights.promote(office, "risk-b", actor=CHEF, why="x")


def test_where_two_decide_the_page_sends_to_the_command(
    with_settings: Callable[..., Office],
) -> None:
    office = with_settings(models={"second_approver": True})
    put(office.home, "risk-a")
    with pytest.raises(Invalid, match="两人确认"):
        risk_weights.promote(office, "risk-a", actor=CHEF, why="x")


def test_broken_weights_are_told_by_the_doctor(office: Office) -> None:
    path = put(office.home, "risk-a")
    risk_artefact.registry_of(office.home).promote("risk-a", "made-up-chef", "why")
    (path / risk_artefact.WEIGHTS_FILE).write_text("intercept = 0", "utf-8")
    found = doctor.examine(office.home, broker_fault=lambda *_: (True, ""))
    (risk,) = [one for one in found if one.name == "risk"]
    assert not risk.well
    assert f"{NAME} serves, but Model risk-a is refused: weights.toml was changed" in risk.words
    refused = {one.name: one.refused for one in risk_weights.known(office)}
    assert "was changed" in refused["risk-a"]
    assert ServedRisk.open(office.home).model == SHIPPED
