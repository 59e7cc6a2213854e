"""Entities in place, ids checked by their own digit; redaction stars the same numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.entities import find_entities, id_is_sound
from triage.redaction import mask_numbers

CASES = [
    ("电话13800001234", [("phone", "13800001234")]),
    ("浙A12345堵门", [("plate", "浙A12345")]),
    ("欠我3万元不还", [("sum", "3万元")]),
    ("押金2500块", [("sum", "2500块")]),
    ("昨晚8点半到3幢2单元602室", [("time", "昨晚8点半"), ("room", "3幢2单元602室")]),
    ("14:30报警", [("time", "14:30")]),
    ("张某和刘女士争吵", [("name", "张某"), ("name", "刘女士")]),
    ("楼上漏水", []),
]


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_entities_are_found_and_nothing_else(text: str, wanted: list[tuple[str, str]]) -> None:
    assert [(e.kind, e.text) for e in find_entities(text)] == wanted


def test_an_id_is_checked_by_its_last_digit() -> None:
    # The worked example of GB 11643-1999; a second one with the wrong check digit.
    assert id_is_sound("11010519491231002X")
    assert not id_is_sound("110105194912310021")
    (sound,) = find_entities("证11010519491231002X")
    (wrong,) = find_entities("证110105194912310021")
    assert (sound.sound, wrong.sound) == (True, False)


@given(st.text(alphabet="0123456789１８Xx浙A张某女士点幢室元万 ，", max_size=60))
def test_places_are_true_and_what_points_at_a_person_is_starred(text: str) -> None:
    masked = mask_numbers(text)
    for entity in find_entities(text):
        assert text[entity.start : entity.end] == entity.text
        if entity.kind in {"phone", "id", "card"}:
            assert "*" in masked[entity.start : entity.end]
