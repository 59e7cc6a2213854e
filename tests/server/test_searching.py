"""Full text over masked reports on both databases: words of two characters, pages, time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import fulltext
from server.domain.errors import Conflict, Invalid, Missing
from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import searching
from server.services.searching import Question

Filer = Callable[..., object]
ME = Actor("zhihui", Role.DISPATCHER)


def texts(office: Office, **asked: object) -> list[str]:
    return [r.text for r in searching.find(office, Question(**asked)).items]  # type: ignore[arg-type]


def test_any_piece_of_a_text_is_found(office: Office, file: Filer) -> None:
    file("房东不退押金，双方在3幢402争吵")
    file("楼上半夜放音乐，噪音太大")
    for word in ("押金", "不退", "金", "吵", "房东不退押金", "幢402", "3幢", "402", "押金 争吵"):
        assert texts(office, q=word) == ["房东不退押金，双方在3幢402争吵"], word
    assert texts(office, q="噪音") == ["楼上半夜放音乐，噪音太大"]
    for word in ("退房", "押 噪", "东退", "，", "'\"*:"):
        assert texts(office, q=word) == [], word
    assert len(texts(office, q="")) == 2


def test_numbers_of_people_are_not_searchable(office: Office, file: Filer) -> None:
    file(
        "李某的电话10000001234，身份证000000190001010012，欠钱不还",
        caller=Caller(phone="10000001234"),
    )
    assert texts(office, q="10000001234") == []
    assert texts(office, q="000000190001010012") == []
    assert len(texts(office, q="欠钱")) == 1


def test_pages_go_back_in_time_without_gap_or_repeat(
    office: Office, file: Filer, clock: Callable[[], object]
) -> None:
    for number in range(7):
        file(f"第{number}次漏水")
        clock.forward(60)  # type: ignore[attr-defined]
    seen, after = [], None
    while True:
        page = searching.find(office, Question(q="漏水"), after=after, limit=3)
        seen += [report.text for report in page.items]
        after = page.next
        if after is None:
            break
    assert seen == [f"第{number}次漏水" for number in reversed(range(7))]
    with pytest.raises(Invalid):
        searching.find(office, Question(), after="x; drop table reports")


def test_reports_of_one_millisecond_all_have_a_place(office: Office, file: Filer) -> None:
    for _ in range(5):
        file("同一毫秒的停车纠纷")
    assert len(texts(office, q="停车")) == 5


def test_time_and_kind_bound_the_search(
    office: Office, file: Filer, clock: Callable[[], object]
) -> None:
    start = office.clock()
    file("噪音扰民第一次")
    clock.forward(86_400)  # type: ignore[attr-defined]
    file("噪音扰民第二次")
    later = start + timedelta(hours=1)
    assert texts(office, q="噪音", since=later) == ["噪音扰民第二次"]
    assert texts(office, q="噪音", until=later) == ["噪音扰民第一次"]
    assert texts(office, q="噪音", label="police") == []


@given(st.text(max_size=40), st.text(max_size=10))
def test_tokens_and_phrases_never_hold_anything_to_escape(text: str, more: str) -> None:
    kept = fulltext.tokens(text)
    assert all(token.isalnum() and token == token.lower() for token in kept)
    for phrase in fulltext.phrases(text + " " + more):
        assert all(token.isalnum() for token in phrase.tokens)


@given(st.text(alphabet="东西南北ab12", min_size=2, max_size=12), st.data())
def test_a_piece_of_the_text_matches_its_tokens(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    kept = fulltext.tokens(text)
    for phrase in fulltext.phrases(text[start:end]):
        head, last = phrase.tokens[:-1], phrase.tokens[-1]
        inside = text[start - 1 : start + 1].isascii() and start > 0 and text[start].isascii()
        if inside:
            continue  # words of letters and digits are found from their beginning on
        spots = range(len(kept) - len(head))
        assert any(
            tuple(kept[at : at + len(head)]) == head
            and (kept[at + len(head)].startswith(last) if phrase.prefix else True)
            for at in spots
        )


def test_a_kept_question_is_ones_own_and_bounded(office: Office) -> None:
    other = Actor("dudao", Role.SUPERVISOR)
    searching.keep(office, ME, page="search", name="押金", query="q=押金")
    searching.keep(office, ME, page="search", name="押金", query="q=押金&route=mediate")
    [mine] = searching.kept(office, ME, "search")
    assert mine.query == "q=押金&route=mediate"
    assert searching.kept(office, other, "search") == []
    with pytest.raises(Missing):
        searching.forget(office, other, mine.id)
    with pytest.raises(Invalid):
        searching.keep(office, ME, page="search", name=" ", query="")
    for number in range(searching.MAX_SAVED - 1):
        searching.keep(office, ME, page="cases", name=f"视图{number}", query="")
    with pytest.raises(Conflict):
        searching.keep(office, ME, page="cases", name="再一个", query="")
    searching.forget(office, ME, mine.id)
    assert searching.kept(office, ME, "search") == []
