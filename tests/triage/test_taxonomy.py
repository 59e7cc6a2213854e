"""The words of the contract and their Chinese names."""

from __future__ import annotations

import pytest

from triage.cues import CUE_NAMES_ZH
from triage.doubt import DOUBT_NAMES_ZH, DOUBTS, Evidence, Limits
from triage.taxonomy import (
    CATEGORIES,
    CATEGORY_NAMES_ZH,
    LABEL_NAMES_ZH,
    LABELS,
    ROUTE_NAMES_ZH,
    Label,
    Route,
    is_category,
    label_of,
)

LEAVES = {
    "police": "theft robbery fraud assault brawl weapon threat arson_explosion homicide sexual "
    "domestic_violence child_harm confinement gambling drugs damage nuisance gathering "
    "traffic_injury hit_run missing suicide rescue fire suspicious other",
    "dispute": "marriage_family support_of_parents emotional neighbour noise leak wage "
    "work_injury tenancy property_management consumer debt contract partnership housing_land "
    "demolition medical school parking pet traffic_minor damage_compensation other",
    "service": "consultation lock_out lost_property animal utility public_noise move_car "
    "complaint administrative nuisance_call wrong_call withdrawn other",
}


@pytest.mark.parametrize("label", LABELS)
def test_every_leaf_of_the_domain_is_there(label: Label) -> None:
    wanted = {f"{label}.{leaf}" for leaf in LEAVES[label].split()}
    assert wanted <= {name for name in CATEGORIES if label_of(name) is label}


def test_every_word_has_a_chinese_name() -> None:
    assert set(LABEL_NAMES_ZH) == set(Label)
    assert set(ROUTE_NAMES_ZH) == set(Route)
    assert all(name for name in CATEGORY_NAMES_ZH.values())
    assert all(name for name in CUE_NAMES_ZH.values())


def test_every_doubt_has_a_chinese_name() -> None:
    p = {Label.POLICE: 0.3, Label.DISPUTE: 0.4, Label.SERVICE: 0.3}
    evidence = Evidence(p, (), 0, 1.0, fallback=True)
    words = {word for doubt in DOUBTS if (word := doubt(evidence, Limits()))}
    assert words == {"low_margin", "no_words", "unknown_words", "fallback_model"}
    assert words <= set(DOUBT_NAMES_ZH)


@pytest.mark.parametrize("word", ["dispute", "dispute.", "other.theft", "", ".theft"])
def test_a_word_that_is_no_leaf_is_refused(word: str) -> None:
    assert not is_category(word)
    with pytest.raises(ValueError, match=r"\w"):
        label_of(word)
