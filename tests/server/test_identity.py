"""Recognising callers at intake; merging, splitting, asking and taking back, on real databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from server.domain.errors import Conflict, Invalid
from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import identity, linking
from server.store import identity as store
from server.store.engine import reading, writing
from server.store.identity_tables import mentions

DESK = Actor("zhihui", Role.DISPATCHER)
HOME = "翠柳苑3幢402"
Filer = Callable[..., Any]


def who(office: Office, taken: Any) -> str:
    with reading(office.engine) as conn:
        row = store.find(conn, taken.answer["report"]["id"])
    assert row is not None
    return str(row.person_id)


def called(file: Filer, name: str, phone: str, address: str | None = HOME, **more: object) -> Any:
    return file(caller=Caller(name, phone, None), address=address, **more)


def test_one_caller_under_several_spellings_is_one_person(street: Office, file: Filer) -> None:
    first = called(file, "张伟", "10000000001")
    masked = called(file, "张某", "10000000001", "翠柳苑小区３栋402")
    named = called(file, "张伟", "10000000002", "翠柳苑三号楼402室")
    other = called(file, "李芳", "10000000003", "翠柳苑9幢101")
    assert who(street, first) == who(street, masked) == who(street, named)
    assert who(street, other) != who(street, first)


def test_history_counts_by_person_and_by_place(
    street: Office, file: Filer, clock: Callable[[], datetime]
) -> None:
    now = clock()
    called(file, "张伟", "10000000001", received_at=now - timedelta(days=40))
    called(file, "李芳", "10000000009", received_at=now - timedelta(days=20))
    moved = called(file, "张伟", "10000000001", "滨河路8号", received_at=now)
    assert moved.answer["risk"]["history"]["n_90d"] == 1
    home = called(file, "匿名", "10000000077", "翠柳苑3-2-402", received_at=now)
    assert home.answer["risk"]["history"]["n_90d"] == 2
    assert home.answer["risk"]["risk_90d"] > moved.answer["risk"]["risk_90d"] > 0.1
    assert any("近90天2次" in name for name, _ in home.answer["risk"]["drivers"])


def test_a_question_is_answered_and_the_merge_undone(street: Office, file: Filer) -> None:
    one = called(file, "张伟", "10000000001", "翠柳苑3幢402")
    two = called(file, "张伟", "10000000002", None)
    assert who(street, one) != who(street, two)
    with reading(street.engine) as conn:
        (asked,) = store.acts(conn, ["pending"], limit=9)
    assert asked.reasons
    identity.answer(street, asked.id, same=True, actor=DESK)
    assert who(street, one) == who(street, two)
    with pytest.raises(Conflict, match="answered by somebody else"):
        identity.answer(street, asked.id, same=False, actor=DESK)
    identity.undo(street, asked.id, actor=DESK)
    assert who(street, one) != who(street, two)
    with pytest.raises(Conflict, match="Only what stands"):
        identity.undo(street, asked.id, actor=DESK)


def test_merge_and_split_move_exactly_what_they_say(street: Office, file: Filer) -> None:
    one = called(file, "张伟", "10000000001")
    two = called(file, "李芳", "10000000002", "荷塘里9幢101")
    again = called(file, "李芳", "10000000002", "荷塘里9幢101")
    number = identity.merge(street, who(street, two), who(street, one), actor=DESK)
    assert who(street, one) == who(street, two) == who(street, again)
    identity.undo(street, number, actor=DESK)
    assert who(street, two) == who(street, again) != who(street, one)

    apart = identity.split(street, [again.answer["report"]["id"]], actor=DESK)
    assert who(street, two) != who(street, again)
    identity.undo(street, apart, actor=DESK)
    assert who(street, two) == who(street, again)
    with pytest.raises(Invalid, match="at least one"):
        identity.split(street, [one.answer["report"]["id"]], actor=DESK)


def test_an_older_act_waits_for_the_later_one(street: Office, file: Filer) -> None:
    one = called(file, "张伟", "10000000001")
    two = called(file, "李芳", "10000000002", "荷塘里9幢101")
    three = called(file, "王敏", "10000000003", "荷塘里9幢102")
    first = identity.merge(street, who(street, two), who(street, one), actor=DESK)
    second = identity.merge(street, who(street, one), who(street, three), actor=DESK)
    with pytest.raises(Conflict, match="undo the later act first"):
        identity.undo(street, first, actor=DESK)
    identity.undo(street, second, actor=DESK)
    identity.undo(street, first, actor=DESK)
    assert len({who(street, taken) for taken in (one, two, three)}) == 3


def test_reports_of_before_are_caught_up_with_and_the_rate_is_watched(
    street: Office, file: Filer
) -> None:
    called(file, "张伟", "10000000001")
    called(file, "张某", "10000000001")
    called(file, "李芳", "10000000002", "荷塘里9幢101")
    assert linking.link_figures(street).rate == pytest.approx(2 / 3)
    with writing(street.engine) as conn:
        conn.execute(mentions.delete())
    assert linking.link_figures(street).unlinked == 3
    assert identity.catch_up(street) == 3
    assert identity.catch_up(street) == 0
    assert linking.link_figures(street) == linking.LinkFigures(pytest.approx(2 / 3), 0, 0)
