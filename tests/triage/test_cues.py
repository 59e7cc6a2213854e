"""Cues from both directions: danger that is meant, and the same words where it is not."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from triage.cues import Context, Cue, Kind, Lexicon, find_cues
from triage.triager import cues_of

SENTENCES: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("cue_sentences.toml").read_text(encoding="utf-8")
)
TRIED = [
    (kind, way, text)
    for kind, ways in SENTENCES.items()
    for way, texts in ways.items()
    for text in texts
]
MODES = {"past": "past", "supposed": "hypothetical", "quoted": "quoted", "asked": "asked"}

IN_FORCE = [
    ("他拿菜刀追着我砍", "weapon"),
    ("有人持刀在巷口", "weapon"),
    ("他抄起钢管站在门口", "weapon"),
    ("往自家堂屋泼汽油", "fire"),
    ("楼道里着火了，烟很大", "fire"),
    ("拧开煤气罐说要炸", "fire"),
    ("不还钱就砍死你全家", "threat"),
    ("如果不给钱他扬言放火", "threat"),
    ("被三个人打了鼻子流血", "violence"),
    ("两家人打起来了", "violence"),
    ("他扇了我两个耳光", "violence"),
    ("有人站在天台边要跳楼", "suicide"),
    ("他说不想活了", "suicide"),
    ("要不到工钱就跳河", "suicide"),
    ("老公喝多了又打我", "domestic_violence"),
    ("长期家暴，今天又动手", "domestic_violence"),
    ("夫妻吵架，男方动手打了女方", "domestic_violence"),
    ("两口子因为钱吵架，女的被打", "violence"),
    ("邻居家狗咬了我孩子", "injury"),
    ("关在宾馆里不让我走", "confinement"),
    ("地铁上有人摸我大腿", "sexual"),
    ("三十多个业主拉横幅堵了大门", "crowd"),
    ("满身酒气在店里闹", "intoxication"),
    ("钱包被偷了", "crime"),
    ("五岁男童走失两小时", "vulnerable"),
    ("老人倒地不起，头上一地的血", "injury"),
    ("一个光着身子的男人在路口胡言乱语", "crisis"),
    ("精神病人拿石头乱扔", "crisis"),
    ("他们现在正在砸我家大门", "progress"),
    ("救命，有人冲进我家里来了", "progress"),
    ("六岁孩子一个人在家锁着", "vulnerable"),
    ("對方拿菜刀要砍人", "weapon"),
    ("他說不想活了", "suicide"),
    ("ＤＡＯ不算，他拿水果刀比划", "weapon"),
]

OUT_OF_FORCE = [
    ("双方争吵，没有打人", "violence"),
    ("夫妻吵架，没有动手", "violence"),
    ("对方没带刀", "weapon"),
    ("两家吵架，未动手", "violence"),
    ("没有说要跳楼，就是哭", "suicide"),
    ("吵得厉害，无人受伤", "injury"),
    ("无人持械", "weapon"),
    ("以前他打过我，现在只想离婚", "violence"),
    ("十年前家暴过一次", "domestic_violence"),
    ("要是他打人怎么办", "violence"),
    ("万一着火怎么办", "fire"),
    ("以前有人冲进我家里来过", "progress"),
    ("他不是精神病，就是脾气大", "crisis"),
    ("要是他喝醉了来闹怎么办", "intoxication"),
]

NOT_A_CUE = [
    "这是我们全家的救命钱，老板不还",
    "要求赔精神损失费",
    "楼上现在还在打麻将，吵得睡不着",
    "打电话给他不接",
    "我去打工了",
    "想打官司要回押金",
    "楼下KTV天天吵",
    "店家送错了刀削面",
    "加了汽油就熄火，4S店不认",
    "物业收费跟打劫一样",
    "抢车位吵起来了",
    "手术费谁出",
    "工伤鉴定做完了，骨折赔偿没谈拢",
]


def of_kind(text: str, kind: str, lexicon: Lexicon) -> list[Cue]:
    return [cue for cue in cues_of(text, lexicon) if cue.kind == kind]


@pytest.mark.parametrize(("text", "kind"), IN_FORCE)
def test_danger_that_is_meant_is_in_force(text: str, kind: str, lexicon: Lexicon) -> None:
    assert any(cue.in_force for cue in of_kind(text, kind, lexicon)), cues_of(text, lexicon)


@pytest.mark.parametrize(("text", "kind"), OUT_OF_FORCE)
def test_danger_denied_past_or_supposed_is_seen_but_not_in_force(
    text: str, kind: str, lexicon: Lexicon
) -> None:
    found = of_kind(text, kind, lexicon)
    assert found
    assert not any(cue.in_force for cue in cues_of(text, lexicon)), found


@pytest.mark.parametrize("text", NOT_A_CUE)
def test_plain_words_that_look_alike_are_no_cue(text: str, lexicon: Lexicon) -> None:
    assert not [cue for cue in cues_of(text, lexicon) if cue.in_force]


def test_a_negation_does_not_reach_over_a_condition(lexicon: Lexicon) -> None:
    (cue,) = of_kind("没还钱就拿刀来了", "weapon", lexicon)
    assert cue.in_force


def test_a_question_whether_is_no_denial(lexicon: Lexicon) -> None:
    assert not any(cue.negated for cue in of_kind("不知道有没有人受伤", "injury", lexicon))


def test_a_fresh_blow_after_an_old_one_is_in_force(lexicon: Lexicon) -> None:
    found = of_kind("以前打过我，今天又打我", "violence", lexicon)
    assert [cue.in_force for cue in found] == [False, True]


def test_spans_quote_the_text_as_it_was_written(lexicon: Lexicon) -> None:
    text = "ＡＢ　１２３，他拿　菜刀　砍　人，\x07后又拿刀"
    for cue in cues_of(text, lexicon):
        assert text[cue.start : cue.end] == cue.text
        assert cue.text


def test_cues_come_in_reading_order_and_survive_json(lexicon: Lexicon) -> None:
    cues = find_cues("喝醉了拿菜刀砍人，泼了汽油，没有人受伤", lexicon)
    assert [cue.start for cue in cues] == sorted(cue.start for cue in cues)
    assert tuple(Cue.from_json(cue.as_json()) for cue in cues) == cues
    assert {"kind", "text", "start", "end", "negated"} <= set(cues[0].as_json())


def test_every_kind_is_tried_ten_times_in_both_directions() -> None:
    assert set(SENTENCES) == set(get_args(Kind))
    for kind, ways in SENTENCES.items():
        out = [text for way, texts in ways.items() if way != "in_force" for text in texts]
        assert len(set(ways["in_force"])) >= 10, kind
        assert len(set(out)) >= 10, kind


@pytest.mark.parametrize(("kind", "way", "text"), TRIED)
def test_each_sentence_counts_or_not_for_its_reason(
    kind: str, way: str, text: str, lexicon: Lexicon
) -> None:
    found = [cue for cue in cues_of(text, lexicon) if cue.kind == kind]
    assert any(cue.in_force for cue in found) is (way == "in_force"), found
    if way == "denied":
        assert any(cue.negated for cue in found), found
    elif way in MODES:
        assert any(cue.mode == MODES[way] for cue in found), found


def test_a_denial_reaches_over_an_enumeration_and_no_further(lexicon: Lexicon) -> None:
    listed = of_kind("没有打人、砸东西", "violence", lexicon)
    assert [cue.negated for cue in listed] == [True, True]
    beyond = of_kind("没有打人，他儿子砸东西了", "violence", lexicon)
    assert [cue.in_force for cue in beyond] == [False, True]


def test_a_surname_is_no_date(lexicon: Lexicon) -> None:
    assert any(cue.in_force for cue in of_kind("曾某某持刀进来", "weapon", lexicon))
    assert [cue.mode for cue in of_kind("他曾持刀进来", "weapon", lexicon)] == ["past"]


def test_the_date_of_a_record_is_not_long_ago(lexicon: Lexicon) -> None:
    assert any(cue.in_force for cue in of_kind("2026年11月3日店里被盗", "crime", lexicon))
    assert not any(cue.in_force for cue in of_kind("2015年店里被盗过", "crime", lexicon))


@pytest.mark.parametrize("way", ["in_force", "denied", "past", "supposed", "quoted"])
def test_a_cue_added_to_a_text_never_takes_another_out_of_force(way: str, lexicon: Lexicon) -> None:
    """A sentence after a full stop changes nothing of what stood before it."""
    for kind, ways in SENTENCES.items():
        for text in ways.get(way, ()):
            before = {cue for cue in cues_of("他拿菜刀站在门口。" + text, lexicon) if cue.start < 9}
            assert any(cue.in_force and cue.kind == "weapon" for cue in before), (kind, text)


def test_a_wrong_lexicon_is_refused_by_name() -> None:
    context = "\n".join(f'{field.name} = "x"' for field in fields(Context))
    kinds = "[kinds]\nalways_meant = []\nwords_of_law = []\n"
    head = f'[context]\n{context}\n{kinds}[[cue]]\nkind = "weapon"\n'
    with pytest.raises(ValueError, match="unknown kind or grade"):
        Lexicon.parse(head + 'grade = "mild"\npatterns = ["x"]\n')
    with pytest.raises(ValueError, match="no pattern"):
        Lexicon.parse(head + 'grade = "weak"\npatterns = ["("]\n')
    with pytest.raises(ValueError, match="negation"):
        Lexicon.parse(
            head.replace("negation = ", "negative = ", 1) + 'grade = "weak"\npatterns = []\n'
        )
