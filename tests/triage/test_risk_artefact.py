"""A refit of the recurrence rule kept for a server: saved, checked, promoted, taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from triage import cli_risk, risk_artefact, signing
from triage.errors import AlreadyThere, ArtefactRefused, GateFailed, RefitRefused
from triage.recurrence_model import MEASURES, Past, RiskModel, model_of
from triage.registry import CURRENT_FILE
from triage.risk_served import ServedRisk
from triage.rows import Event
from triage.shipped import recurrence_text
from triage.training.recurrence_city import City, made_up_log
from triage.training.recurrence_fit import maximum
from triage.training.recurrence_refit import objections, refit
from triage.training.recurrence_ship import NAME

SHIPPED = model_of(recurrence_text())
TOWN = City(places=500, days=540, call_kinds=12, dispute_kinds=4)
GOOD = {"auc": 0.86, "brier": 0.14, "told": 0.66, "came_true": 0.67}
AT = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def log() -> list[Event]:
    return made_up_log(TOWN, seed=3)


@pytest.fixture
def history(tmp_path: Path, log: list[Event]) -> Path:
    file = tmp_path / "history.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for one in log:
            (key,) = one.keys
            row = {"id": one.id, "time": one.time.isoformat(), "kind": one.kind}
            row |= {"dispute": one.dispute, "place": key.removeprefix("place:")}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return file


Save = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def save(home: Path) -> Save:
    """Weights put into the home and signed, as if refitted there."""

    def one(name: str, model: RiskModel = SHIPPED, **facts: object) -> Path:
        signing.make_site_key(home / signing.FOLDER, AT)
        path = risk_artefact.write(home / "risk", name, model, facts)
        signing.sign(home / signing.FOLDER, path)
        return path

    return one


def run(home: Path, *words: str) -> None:
    command = cli_risk.risk if words[0] == "risk" else cli_risk.risk_weights
    given = words[1:] if words[0] == "risk" else words
    command.main([*given, f"--home={home}"], standalone_mode=False)


def said(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_a_refit_is_saved_promoted_served_and_taken_back(
    home: Path, history: Path, log: list[Event], capsys: pytest.CaptureFixture[str]
) -> None:
    served = ServedRisk.open(home)
    assert (served.name, served.fault, served.model) == (NAME, None, SHIPPED)

    run(home, "risk", f"--fit={history}", "--save")
    made = said(capsys)
    name = str(made["candidate"])
    assert made["current"] == NAME
    assert made["objections"] == []
    assert served.name == NAME, "saving alone lets nothing serve"

    run(home, "promote", name, "--by=made-up-chef", "--why=一年数据")
    assert said(capsys) == {"current": name, "before": NAME, "by": "made-up-chef"}
    assert (served.name, served.fault) == (name, None), "a running process follows"
    expected = refit(log, SHIPPED, SHIPPED, source=name).model
    assert served.model == expected, "to the last digit"

    run(home, "rollback", "--by=made-up-chef")
    assert said(capsys)["current"] == NAME
    assert (served.name, served.model) == (NAME, SHIPPED)


def test_the_manifest_tells_where_the_weights_come_from(
    home: Path, history: Path, log: list[Event], capsys: pytest.CaptureFixture[str]
) -> None:
    run(home, "risk", f"--fit={history}", "--save", "--name=risk-a")
    capsys.readouterr()
    facts = risk_artefact.facts_of(home / "risk" / "risk-a")
    told = facts["history"]
    assert (told["events"], told["unreadable"]) == (len(log), 0)
    assert told["first"] == min(one.time for one in log).isoformat()
    assert len(told["sha256"]) == 64
    assert facts["against"] == NAME
    held_out = facts["held_out"]
    assert set(held_out["before"]) == {"auc", "brier", "ece", "told", "came_true"}
    assert held_out["after"]["brier"] <= held_out["before"]["brier"]
    run(home, "list")
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["name"], row["current"]) for row in listed] == [("risk-a", False), (NAME, True)]
    with pytest.raises(AlreadyThere):
        run(home, "risk", f"--fit={history}", "--save", "--name=risk-a")


def _unsigned(path: Path) -> None:
    (path / signing.SIGNATURE_FILE).unlink()


def _changed(path: Path) -> None:
    file = path / risk_artefact.WEIGHTS_FILE
    file.write_text(file.read_text("utf-8").replace("intercept = ", "intercept = 1"), "utf-8")


def _gone(path: Path) -> None:
    (path / risk_artefact.WEIGHTS_FILE).unlink()


def _no_manifest(path: Path) -> None:
    (path / risk_artefact.MANIFEST_FILE).write_text("{", "utf-8")


def _no_pointer(path: Path) -> None:
    (path.parent / CURRENT_FILE).write_text("current =", "utf-8")


@pytest.mark.parametrize("harm", [_unsigned, _changed, _gone, _no_manifest, _no_pointer])
def test_broken_weights_leave_the_shipped_ones_serving(
    home: Path, save: Save, harm: Callable[[Path], None]
) -> None:
    path = save("risk-a", replace(SHIPPED, intercept=0.25))
    risk_artefact.registry_of(home).promote("risk-a", "made-up-chef", "why")
    served = ServedRisk.open(home)
    assert (served.model.intercept, served.fault) == (0.25, None)
    harm(path)
    assert (served.model, served.name) == (SHIPPED, NAME)
    assert served.fault
    assert ServedRisk.open(home).fault, "a new process says so too"


@pytest.mark.parametrize(
    "wrong",
    [
        replace(SHIPPED, intercept=21.0),
        replace(SHIPPED, weights=(11.0, *SHIPPED.weights[1:])),
        replace(SHIPPED, weights=(float("nan"), *SHIPPED.weights[1:])),
        replace(SHIPPED, own_weights={"噪音": -10.5}),
        replace(SHIPPED, stretch=(1.2, 2.0)),
        replace(SHIPPED, stretch=(0.5, 0.9)),
    ],
)
def test_absurd_weights_are_refused_however_well_they_are_signed(
    home: Path, save: Save, wrong: RiskModel
) -> None:
    save("risk-a", wrong)
    registry = risk_artefact.registry_of(home)
    with pytest.raises(ArtefactRefused):
        risk_artefact.read(registry, registry.find("risk-a"))


def test_weights_of_another_kind_or_name_are_refused(home: Path, save: Save) -> None:
    path = save("risk-a")
    registry = risk_artefact.registry_of(home)
    path.rename(path.with_name("risk-b"))
    with pytest.raises(ArtefactRefused, match="its name is risk-a"):
        risk_artefact.read(registry, registry.find("risk-b"))
    path = save("risk-c", kind="triage")
    with pytest.raises(ArtefactRefused, match="of kind 'triage'"):
        risk_artefact.read(registry, registry.find("risk-c"))


def test_strange_kinds_of_call_come_back_as_they_were(home: Path, save: Save) -> None:
    odd = {'引号"与\\反斜线': 0.1, "新\n行\x7f": -1e-07, "": 2.0, "a.b": 3.0}
    save("risk-a", replace(SHIPPED, kind_weights=odd))
    registry = risk_artefact.registry_of(home)
    assert dict(risk_artefact.read(registry, registry.find("risk-a")).kind_weights) == odd


def events(count: int, *, every_days: float, places: int) -> list[Event]:
    return [
        Event(n, AT + timedelta(days=n * every_days), True, (f"place:{n % places}",), "噪音")
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "the history has 0 disputes"),
        (events(60, every_days=5, places=7), "the history has"),
        (events(800, every_days=1, places=2), "20 that did not"),
        (events(800, every_days=1, places=100_000), "0 of them came again"),
    ],
)
def test_a_history_that_teaches_nothing_is_refused(given: Sequence[Event], why: str) -> None:
    with pytest.raises(RefitRefused, match=why):
        refit(given, SHIPPED, SHIPPED, source="x")


def test_a_history_turned_upside_down_is_refused() -> None:
    """Where those who called often stay quiet and the quiet call again, something is wrong."""
    given = []
    for place in range(600):
        begin = place % 400
        often = place % 2 == 0
        times = [begin + 8 * n for n in range(6)] if often else [begin, begin + 60]
        given += [
            Event(f"{place}-{day}", AT + timedelta(days=day), True, (f"place:{place}",), "噪音")
            for day in times
        ]
    backwards = RiskModel(0.0, tuple(-abs(weight) for weight in SHIPPED.weights))
    given.sort(key=lambda one: one.time)
    with pytest.raises(RefitRefused, match="would lower the risk"):
        refit(given, SHIPPED, backwards, source="x")


def test_steps_that_find_no_rest_are_told() -> None:
    ever = np.ones((2, 1))
    assert not maximum(ever, np.ones(2), np.zeros(1), np.full(1, 1e12))[1], "off to infinity"
    assert maximum(ever, np.array([1.0, 0.0]), np.zeros(1), np.ones(1))[1]


def test_worse_figures_stand_against_promotion() -> None:
    assert objections({"before": GOOD, "after": GOOD}) == ()
    worse = {"auc": 0.84, "brier": 0.15, "told": 0.61, "came_true": 0.67}
    assert len(objections({"before": GOOD, "after": worse})) == 3


def test_weights_measured_against_others_are_not_promoted(
    home: Path, save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    save("risk-a", against="risk-z", held_out={"n": 9, "before": GOOD, "after": GOOD})
    with pytest.raises(GateFailed, match="save it anew"):
        run(home, "promote", "risk-a", "--by=made-up-chef", "--why=x")


def test_a_new_key_signs_weights_anew(home: Path, save: Save) -> None:
    save("risk-a", replace(SHIPPED, intercept=0.25))
    registry = risk_artefact.registry_of(home)
    registry.promote("risk-a", "made-up-chef", "why")
    served = ServedRisk.open(home)
    assert served.fault is None
    assert signing.rotate(home, "made-up-chef", AT)[1] == ["risk-a"]
    assert (served.fault, served.model.intercept) == (None, 0.25)


def test_the_probe_of_the_shipped_rule_is_sane() -> None:
    assert risk_artefact.out_of_bounds(SHIPPED) is None
    assert len(SHIPPED.weights) == len(MEASURES)
    assert SHIPPED.probability(Past()) < 0.5
