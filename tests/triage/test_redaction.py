"""Numbers that point at a person are starred, in place, in the same length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.redaction import mask_numbers

CASES = [
    ("电话13800001234请回", "电话138****1234请回"),
    ("手机 138 0000 1234。", "手机 138 **** 1234。"),
    ("打１３８００００１２３４", "打１３８****１２３４"),
    ("证号000000190001011234", "证号000000********1234"),
    ("证号00000019000101123X有误", "证号000000********123X有误"),
    ("老证000000190001011", "老证000000*****1011"),
    ("卡6200000000000001234", "卡6200***********1234"),
    ("座机0571-88880000转3", "座机0571-******00转3"),
    ("浙A12345堵门", "浙A***45堵门"),
    ("沪AD12345堵门", "沪AD****45堵门"[:2] + "****45堵门"),
]


@pytest.mark.parametrize(("text", "masked"), CASES)
def test_numbers_of_persons_are_starred(text: str, masked: str) -> None:
    assert mask_numbers(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "欠我50000元，2026年11月24日还",
        "3幢2单元602室",
        "单号20261124001",
        "138****1234",
        "报警110，投诉12345",
        "门牌1234567",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert mask_numbers(text) == text


@given(st.text(alphabet="0123456789１３８Xx浙A-· 电话，", max_size=60))
def test_length_stays_and_masking_twice_changes_nothing(text: str) -> None:
    once = mask_numbers(text)
    assert len(once) == len(text)
    assert mask_numbers(once) == once


@given(st.integers(0, 10**8 - 1), st.sampled_from(["", "打", "电话：", "abc"]))
def test_no_mobile_number_survives(number: int, before: str) -> None:
    phone = f"138{number:08d}"
    assert phone not in mask_numbers(f"{before}{phone}，请回电")
