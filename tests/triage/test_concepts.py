"""Concepts: many ways of saying one thing, found in place, and never mistaken for a decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.concepts import Concepts
from triage.segmenter import Segmenter, concepts_text

SHIPPED = Concepts.parse(concepts_text())


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("包工头干了三个月活没给钱", "wage"),
        ("他把我拉黑了", "fraud_face"),
        ("客服说要先交解冻费", "fraud_tele"),
        ("老公昨晚又动手打我", "domestic"),
        ("我失手把他推下去死了", "kill"),
        ("房东不退押金", "deposit"),
        ("身份证过期了去哪补", "papers"),
        ("门口转悠的陌生男人", "unknown_side"),
    ],
)
def test_a_concept_is_found_in_plain_words(text: str, concept: str) -> None:
    assert concept in {found.name for found in SHIPPED.find(text)}


def test_a_gap_ends_with_the_sentence_and_after_ten_characters() -> None:
    concepts = Concepts.parse('[a]\npay = "扣…工资"')
    assert concepts.find("他扣着我两个月工资")
    assert not concepts.find("扣。工资")
    assert not concepts.find("扣" + "一" * 11 + "工资")


@pytest.mark.parametrize("word", ["…工资", "扣…"])
def test_a_word_without_both_sides_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="both sides"):
        Concepts.parse(f'[a]\npay = "{word}"')


def test_there_are_many_and_each_has_many_words() -> None:
    plain = sum(len(words) for words in SHIPPED.plain.values())
    assert plain + len(SHIPPED.apart) > 2000


@given(st.text(max_size=120))
def test_places_lie_in_the_text(text: str) -> None:
    for found in SHIPPED.find(text):
        assert 0 <= found.start < found.end <= len(text)


def test_traditional_characters_are_read_as_simplified() -> None:
    segmenter = Segmenter()
    plain, other = segmenter.segment("老板拖欠工资不给"), segmenter.segment("老闆拖欠工資不給")
    assert plain.words_line == other.words_line
    assert "§wage" in plain.words_line
