"""Explanations hold: sums are true, spans are the text's own, and what is taken out is missed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.assessment import Reason
from triage.cli import cli
from triage.encoded import WHOLE
from triage.model import LinearModel
from triage.redaction import mask_numbers
from triage.registry import Registry
from triage.report import ReportText
from triage.segmenter import Segmenter, normalise
from triage.shipped import models_dir
from triage.triager import Triager
from triage.why import MOST_DELETIONS, deletions

WRITTEN = [
    "邻居老赵拿菜刀站在我家门口，骂了半个钟头，我不敢出去",
    "房东不退押金２８００元，說牆上有釘眼，要求調解",
    "😀群里说楼下👨‍👩‍👧有人打架，一个人流血了，快来",
    "身份证12345丢了，电话138****0000，去哪里补办",
]
ALPHABET = (
    "报警人称楼上漏水不肯赔打刀火钱老公，。！？ＡＢ３７ab09*開門報警說殺與"
    "😀🔥👍🏽\u3000\u200b\x07 ﬁ①Ⅷ"
)
TEXTS = st.text(st.sampled_from(ALPHABET), max_size=80)


@pytest.fixture(scope="module")
def linear(segmenter: Segmenter) -> LinearModel:
    return LinearModel.open(Registry(models_dir()).current().path, segmenter)


def by_knives(texts: Sequence[str]) -> list[float]:
    """A judge that can be checked by hand: each knife counts."""
    return [(1 + text.count("刀")) / (20 + len(text)) for text in texts]


def reasons_of(text: str, *terms: str) -> list[Reason]:
    return [Reason(term, 1.0, text.index(term), text.index(term) + len(term)) for term in terms]


def test_only_what_is_missed_is_given_the_strongest_first() -> None:
    text = "他拿刀来，天气好"
    found = deletions(text, reasons_of(text, "天气", "刀"), by_knives)
    assert [(d.part, d.term) for d in found] == [("word", "刀"), ("clause", "他拿刀来，")]
    assert all(d.drop > 0 for d in found)


def test_all_places_of_a_word_go_at_once() -> None:
    text = "刀和刀和刀"
    seen: list[str] = []

    def listening(texts: Sequence[str]) -> list[float]:
        seen.extend(texts)
        return by_knives(texts)

    (found,) = deletions(text, reasons_of(text, "刀"), listening)
    assert seen == [text, "和和"]
    assert (found.start, found.end) == (0, 1)


def test_a_reason_against_the_label_or_without_a_place_is_not_tried() -> None:
    against = Reason("好", -2.0, 3, 4)
    whole = Reason(WHOLE, 5.0, 0, 0)
    assert deletions("他拿刀好", [against, whole], by_knives) == ()


@given(TEXTS, st.integers(0, 20))
def test_the_work_is_bounded_and_every_span_is_the_text_s_own(text: str, most: int) -> None:
    counted: list[int] = []

    def counting(texts: Sequence[str]) -> list[float]:
        counted.append(len(texts))
        return by_knives(texts)

    reasons = [Reason(char, 1.0, at, at + 1) for at, char in enumerate(text)]
    for deletion in deletions(text, reasons, counting, most):
        assert text[deletion.start : deletion.end] == deletion.term
        assert deletion.drop > 0
    assert sum(counted) <= most + 1


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_sums_and_spans_survive_normalising_and_masking(linear: LinearModel, text: str) -> None:
    for form in (text, mask_numbers(text), normalise(text)):
        assert len(form) == len(text)
        (judged,) = linear.judge([form])
        total = judged.bias + sum(reason.weight for reason in judged.reasons)
        assert total == pytest.approx(judged.score, abs=1e-9)
        ends = [0]
        for reason in judged.reasons:
            assert form[reason.start : reason.end] == reason.term
            assert reason.start >= ends[-1]
            ends.append(reason.end)


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_half_width_and_simplified_give_the_same_reasons(linear: LinearModel, text: str) -> None:
    """What was written full-width or traditional is judged and explained as its plain form."""
    written, plain = linear.judge([text, normalise(text)])
    assert written.p == pytest.approx(plain.p, abs=1e-5)
    spans = [[(r.start, r.end, round(r.weight, 6)) for r in j.reasons] for j in (written, plain)]
    assert spans[0] == spans[1]


@pytest.mark.parametrize("text", WRITTEN)
def test_with_the_encoder_each_part_given_lowers_the_score(triager: Triager, text: str) -> None:
    report = ReportText("1", text)
    why = triager.explain(report)
    parts = why.bias + sum(reason.weight for reason in why.shown) + why.rest
    assert parts == pytest.approx(why.score, abs=1e-6)
    assert why.deletions
    assert len(why.deletions) <= MOST_DELETIONS
    label = triager.assess(report)
    for deletion in why.deletions[:2]:
        assert text[deletion.start : deletion.end] == deletion.term
        without = triager.assess(ReportText("1", text.replace(deletion.term, "")))
        # 8-bit scales are taken over a batch, so a judgement alone may differ a little.
        assert without.p[label.label] < label.p[label.label] + 0.02


def test_the_command_adds_why_only_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_text(json.dumps({"id": 7, "text": WRITTEN[0]}) + "\n", encoding="utf-8")
    asked = CliRunner().invoke(cli, ["assess", str(file), "--home", str(tmp_path), "--why"])
    answer = json.loads(asked.output)
    assert answer["id"] == 7
    assert set(answer["why"]) == {"score", "bias", "shown", "rest", "deletions"}
    assert "why" not in json.loads(
        CliRunner().invoke(cli, ["assess", str(file), "--home", str(tmp_path)]).output
    )
