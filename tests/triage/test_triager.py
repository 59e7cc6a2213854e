"""The triager follows promotions, keeps serving, and says what is wrong."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage.artefact import seal_of
from triage.assessment import Assessment
from triage.encoded import WHOLE
from triage.errors import ModelUnavailable
from triage.registry import Registry
from triage.report import ReportText
from triage.shipped import models_dir
from triage.signing import vouch
from triage.taxonomy import LABELS, Label, Route, label_of
from triage.triager import Triager

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LEAK = ReportText("1", "楼上卫生间漏水把我家吊顶泡坏了，找他他不肯赔，要求来人调解")
KNIFE = ReportText("2", "快来人，他拿菜刀追着我砍，我躲在屋里")


@pytest.fixture
def home(tmp_path: Path, trained: Path) -> Path:
    """A home with one candidate."""
    shutil.copytree(trained, tmp_path / "models" / trained.name)
    vouch(tmp_path, tmp_path / "models" / trained.name, NOW)
    return tmp_path


def test_the_shipped_model_judges_plain_cases(triager: Triager) -> None:
    leak, knife = triager.assess_many([LEAK, KNIFE])
    assert triager.fault is None
    assert (leak.id, leak.label, leak.category) == ("1", Label.DISPUTE, "dispute.leak")
    assert leak.route is Route.MEDIATE
    assert (knife.label, knife.route) == (Label.POLICE, Route.POLICE)
    assert "weapon" in {cue.kind for cue in knife.cues if cue.in_force}
    assert leak.model == triager.name == Registry(models_dir()).current().name


def test_assessments_survive_json(triager: Triager) -> None:
    for report in (LEAK, KNIFE):
        row = triager.assess(report).as_json()
        assert set(row) == {
            "id",
            "label",
            "route",
            "p",
            "category",
            "categories",
            "cues",
            "reasons",
            "doubt",
            "model",
            "unknown_share",
        }
        assert abs(sum(row["p"].values()) - 1) < 1e-9
        assert Assessment.from_json(row).as_json() == row


def test_a_promotion_is_followed_and_a_roll_back_too(home: Path, trained: Path) -> None:
    triager = Triager.open(home=home)
    shipped = triager.name
    registry = Registry(models_dir(), home / "models")
    registry.promote(trained.name, "李某某", "试用")
    assert triager.assess(LEAK).model == trained.name
    registry.rollback("李某某", "退回")
    assert triager.assess(LEAK).model == shipped


def test_a_roll_back_needs_no_loading(tmp_path: Path) -> None:
    """The model before is still in memory: it serves again although its files are gone."""
    registry = Registry(models_dir(), tmp_path / "models")
    shipped = registry.current().path
    triager = Triager.open(home=tmp_path)
    for name in ("copy-1", "copy-2"):
        path = Path(shutil.copytree(shipped, tmp_path / "models" / name))
        facts = json.loads((path / "manifest.json").read_text("utf-8")) | {"name": name}
        (path / "manifest.json").write_text(json.dumps(facts | {"seal": seal_of(facts)}), "utf-8")
        vouch(tmp_path, path, NOW)
        registry.promote(name, "李某某", "试用")
        assert triager.assess(LEAK).model == name
    (tmp_path / "models" / "copy-1" / "terms.json").unlink()
    registry.rollback("李某某", "退回")
    assert (triager.assess(LEAK).model, triager.fault) == ("copy-1", None)


def test_an_unreadable_new_model_leaves_the_old_one_serving(home: Path, trained: Path) -> None:
    triager = Triager.open(home=home)
    before = triager.name
    onnx = home / "models" / trained.name / "model.onnx"
    sound = onnx.read_bytes()
    onnx.write_bytes(sound[:-10])
    Registry(models_dir(), home / "models").promote(trained.name, "李某某", "试用")
    assert triager.assess(LEAK).model == before
    assert triager.fault is not None
    assert "model.onnx was changed" in triager.fault


def test_a_broken_promotion_at_start_falls_back_and_says_so(home: Path, trained: Path) -> None:
    Registry(models_dir(), home / "models").promote(trained.name, "李某某", "试用")
    (home / "models" / trained.name / "terms.json").unlink()
    triager = Triager.open(home=home)
    assessment = triager.assess(LEAK)
    assert assessment.model == Registry(models_dir()).current().name
    assert "fallback_model" in assessment.doubt
    assert assessment.route is Route.REVIEW
    assert triager.fault is not None


def test_without_any_model_it_opens_and_refuses_to_judge(tmp_path: Path) -> None:
    triager = Triager.open(home=tmp_path, shipped=tmp_path / "nothing")
    assert triager.name is None
    with pytest.raises(ModelUnavailable, match="No model is promoted"):
        triager.assess(LEAK)


def test_a_model_that_appears_later_is_taken_up(tmp_path: Path, trained: Path) -> None:
    triager = Triager.open(home=tmp_path, shipped=tmp_path / "shipped")
    assert triager.fault is not None
    shutil.copytree(trained, tmp_path / "models" / trained.name)
    vouch(tmp_path, tmp_path / "models" / trained.name, NOW)
    Registry(tmp_path / "shipped", tmp_path / "models").promote(trained.name, "李某某", "首次")
    assert triager.assess(LEAK).model == trained.name
    assert triager.fault is None


def test_many_threads_may_ask_while_promotions_happen(home: Path, trained: Path) -> None:
    triager = Triager.open(home=home)
    registry = Registry(models_dir(), home / "models")
    seen: list[str] = []

    def ask() -> None:
        for _ in range(20):
            seen.extend(a.model for a in triager.assess_many([LEAK, KNIFE]))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    registry.promote(trained.name, "李某某", "试用")
    registry.rollback("李某某", "退回")
    for thread in threads:
        thread.join(60)
    assert len(seen) == 4 * 20 * 2
    assert set(seen) <= {trained.name, Registry(models_dir()).current().name}


texts = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="0123456789*０９.-", min_size=1, max_size=80),
    st.text(alphabet="\x00\x01\x07\x1b\x7f\u200b\u202e\ufeff\n\t ", max_size=40),
    st.text(alphabet="打杀刀没不要如果我他你，。！ｄａ１\u3000ﾊﾝАб한عб😀𠮷", max_size=120),
    st.sampled_from(["", " ", "楼" * 4000, "我拿刀" * 1300, "。" * 4000, "a" * 4000]),
)


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts)
def test_whatever_is_written_gets_a_whole_assessment(triager: Triager, text: str) -> None:
    a = triager.assess(ReportText("x", text))
    assert abs(sum(a.p.values()) - 1) < 1e-4
    assert all(0 <= a.p[label] <= 1 for label in LABELS)
    assert label_of(a.category) is a.label is max(LABELS, key=lambda label: a.p[label])
    for piece in (*a.cues, *(r for r in a.reasons if r.term != WHOLE)):
        assert 0 <= piece.start < piece.end <= len(text)
    for cue in a.cues:
        assert text[cue.start : cue.end] == cue.text
    if not any(char.isalnum() for char in text):
        assert "no_words" in a.doubt
        assert a.route in {Route.REVIEW, Route.POLICE}
    if any(cue.in_force for cue in a.cues):
        assert a.route not in {Route.MEDIATE, Route.SERVICE}
