"""Who speaks in a text, for whom, and who else is named; and what linking makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.address import read_address
from server.domain.identity import Verdict, compare
from server.domain.mentions import mention_of, pair_key
from server.domain.profiles import Mention, profile_of
from server.domain.voices import Agent, hear

CORPUS = Path(__file__).parents[2] / "datasets" / "corpus"
HOME = "翠柳苑3幢402"


@pytest.mark.parametrize(
    ("text", "agent", "party"),
    [
        ("代其母亲王秀英报警，称楼上漏水", Agent.RELATIVE, "王秀英"),
        ("报警人代父亲报警，称邻居占道", Agent.RELATIVE, None),
        ("报警人是李某的女儿，称父亲与邻居吵架", Agent.RELATIVE, "李某"),
        ("替邻居张阿姨报警，其与儿子争吵", Agent.NEIGHBOUR, "张阿姨"),
        ("邻居报警称，隔壁402室住户张某与妻子争吵", Agent.NEIGHBOUR, "张某"),
        ("物业工作人员报警称，402室业主张某与楼上因漏水争吵", Agent.PROPERTY, "张某"),
        ("报警人为物业管家，称两户业主在电梯口争吵", Agent.PROPERTY, None),
        ("律师受当事人王秀英委托报警，称房东不退押金", Agent.LAWYER, "王秀英"),
        ("过路群众称，有人在桥头争吵", Agent.OTHER, None),
        ("帮隔壁老人打电话，说儿子不给赡养费", Agent.NEIGHBOUR, None),
        ("我妈被邻居骂了，你们快来看看", Agent.RELATIVE, None),
        ("我妈王秀英被邻居骂了，我在外地赶不回去", Agent.RELATIVE, "王秀英"),
        ("替我爸报警，楼上漏水，老人不会说", Agent.RELATIVE, None),
        ("我是他儿子，他跟楼上吵起来了", Agent.RELATIVE, None),
        ("我是李某的女儿，邻居和她吵架", Agent.RELATIVE, "李某"),
    ],
)
def test_whoever_calls_for_others_is_heard(text: str, agent: Agent, party: str | None) -> None:
    voices = hear(text)
    assert (voices.agent, voices.party) == (agent, party)


@pytest.mark.parametrize(
    "text",
    [
        "物业公司报警称业主不交物业费",
        "邻居报警称自己家被楼上漏水泡了",
        "报警人是房东，租客不交租还不搬",
        "报警人称母亲与其争吵，要求调解",
        "居民反映楼上装修噪音",
        "保安报警称，业主张某与物业因停车争吵",
        "律师费太高，报警人要求退费",
        "老板代扣工资，报警人不服",
        "我妈跟我吵架，要求调解",
        "我爸被邻居打了，邻居还要打我",
        "我妈的同学被人骗了三千",
        "我老公跟邻居打起来了",
        "我是他老婆，他打我",
        "我弟们让人堵在门口",
    ],
)
def test_whoever_calls_for_themselves_is_no_agent(text: str) -> None:
    assert hear(text).agent is None


@pytest.mark.parametrize(
    ("text", "party", "others"),
    [
        ("张先生报：楼上漏水，邻居李女士不认", "张先生", ("李女士",)),
        ("报警人称与邻居李芳因晾衣服发生口角", None, ("李芳",)),
        ("房东潘某报警称，租客王某不搬", "潘某", ("王某",)),
        ("报警人与对方因停车争吵", None, ()),
        ("孙女报：爷爷奶奶又吵架", None, ()),
        ("黎某自称来自首", None, ("黎某",)),
    ],
)
def test_people_named_in_a_text(text: str, party: str | None, others: tuple[str, ...]) -> None:
    voices = hear(text)
    assert (voices.agent, voices.party, voices.others) == (None, party, others)


@given(st.text(max_size=200))
def test_any_text_is_heard(text: str) -> None:
    assert len(hear(text).others) <= 4


def test_few_texts_that_nobody_tells_for_others_are_taken_for_such() -> None:
    """Of the corpus's first-person texts: an invented agent costs the link by phone. Those taken
    were read: every one is told for a father, a mother, a sister or a grandchild."""
    texts = [
        json.loads(line)["text"]
        for name in ("lay-questions", "phone-speech", "seed-pilot-first-person")
        for line in (CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    assert len(texts) > 1000
    assert sum(hear(text).agent is not None for text in texts) <= len(texts) // 300


def said(number: int, text: str, name: str | None, phone: str, address: str = HOME) -> Mention:
    spot = read_address(address)
    voices = hear(text)
    return mention_of(f"m{number}", name, voices, str, phone=phone, id_number=None, spot=spot)


def test_an_agents_phone_and_name_make_nobody_a_party() -> None:
    for_mother = said(1, "代其母亲王秀英报警，称楼上漏水", "张伟", "100")
    assert (for_mother.phone, for_mother.name.full, for_mother.name.sex) == (None, "王秀英", "f")
    own = said(2, "报警人称停车占位", "张伟", "100")
    assert compare(own, profile_of([for_mother])).verdict is Verdict.NOT
    assert compare(for_mother, profile_of([own])).verdict is Verdict.NOT
    mother = said(3, "报警人称楼上漏水", "王秀英", "200")
    assert compare(for_mother, profile_of([mother])).verdict is Verdict.LINKED


def test_the_same_child_calling_again_calls_for_the_same_mother() -> None:
    one = said(1, "代其母亲报警，称楼上漏水", "张伟", "100")
    again = said(2, "代其母亲报警，称楼上又漏水", "张伟", "100")
    father = said(3, "代其父亲报警，称噪音", "张伟", "100")
    assert compare(again, profile_of([one])).verdict is Verdict.LINKED
    assert compare(father, profile_of([one])).verdict is Verdict.NOT


def test_nobody_is_who_they_quarrel_with() -> None:
    zhang = said(1, "报警人称楼上噪音", "张伟", "100")
    other_side = said(2, "报警人称到张伟家理论，被赶出门", None, "200")
    reasons = dict(compare(other_side, profile_of([zhang])).reasons)
    assert reasons["此人是对方"] < 0
    assert compare(other_side, profile_of([zhang])).verdict is Verdict.NOT


def test_a_pair_is_one_whoever_of_the_two_calls() -> None:
    zhang = said(1, "报警人称与楼上李先生因漏水争吵", "张某", "100")
    li = said(2, "报警人称与楼下张女士因漏水争吵", "李伟", "200", "翠柳苑3幢502")
    elsewhere = said(3, "报警人称与李先生争吵", "张某", "300", "荷塘里3幢402")
    assert pair_key(zhang) == pair_key(li) == "翠柳苑|3|张|李"
    assert pair_key(elsewhere) != pair_key(zhang)
    assert pair_key(said(4, "报警人称楼上漏水", "张某", "100")) is None
