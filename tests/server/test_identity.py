"""Recognising callers at intake; merging, splitting, asking and taking back, on real databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from server.domain.errors import Conflict, Invalid, Missing
from server.domain.identity_reasons import MergeReason, SplitReason
from server.domain.report import Caller
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import identity, linking, merging, persons, register
from server.services import reading as case_reading
from server.store import identity as store
from server.store import register as register_store
from server.store.engine import reading, writing
from server.store.identity_tables import mentions
from server.store.tables import cases, events

DESK = Actor("zhihui", Role.DISPATCHER)
SAID_SO = MergeReason.SAID_SO
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


def test_a_mediation_that_failed_is_told_beside_the_next_risk(
    street: Office, file: Filer, clock: Any
) -> None:
    first = called(file, "张伟", "10000000001")
    with writing(street.engine) as conn:
        conn.execute(
            update(cases)
            .where(cases.c.id == first.answer["case"]["id"])
            .values(disposition="escalated", status="closed", closed_at=clock())
        )
    clock.forward(86400 * 10)
    again = called(file, "张伟", "10000000001")
    assert again.answer["risk"]["drivers"][-1] == ["上次调解未成", 0.0]
    (entry,) = register.look(street).entries
    assert entry.last.drivers[-1] == ("上次调解未成", 0.0)
    assert sum(part for _, part in entry.last.drivers) > 0


def test_a_question_is_answered_and_the_merge_undone(street: Office, file: Filer) -> None:
    one = called(file, "张伟", "10000000001", "翠柳苑3幢402")
    two = called(file, "张伟", "10000000002", None)
    assert who(street, one) != who(street, two)
    with reading(street.engine) as conn:
        (asked,) = store.acts(conn, ["pending"], limit=9)
    assert asked.reasons
    merging.answer(street, asked.id, same=True, actor=DESK)
    assert who(street, one) == who(street, two)
    with pytest.raises(Conflict, match="answered by somebody else"):
        merging.answer(street, asked.id, same=False, actor=DESK)
    merging.undo(street, asked.id, actor=DESK)
    assert who(street, one) != who(street, two)
    with pytest.raises(Conflict, match="Only what stands"):
        merging.undo(street, asked.id, actor=DESK)


def test_who_a_neighbour_told_of_is_found_later_and_its_question_answered(
    street: Office, file: Filer
) -> None:
    told = called(
        file, "李芳", "10000000009", text="邻居报警称，402室住户与人争吵", source_id="told"
    )
    first = called(file, "王秀英", "10000000001")
    assert who(street, told) != who(street, first)
    called(file, "王秀英", "10000000001")
    called(file, "王秀英", "10000000001")
    assert who(street, told) == who(street, first), "nobody else ever called from that door"
    with reading(street.engine) as conn:
        (act,) = store.acts(conn, ["standing"], limit=9)
        pending = store.acts(conn, ["pending"], limit=9)
    assert (act.kind, act.moved, pending) == ("asked", [told.answer["report"]["id"]], [])
    assert (act.settled_by, act.person_id) == ("system", who(street, first))
    merging.undo(street, act.id, actor=DESK)
    assert who(street, told) != who(street, first)


def test_merge_and_split_move_exactly_what_they_say(street: Office, file: Filer) -> None:
    one = called(file, "张伟", "10000000001")
    two = called(file, "李芳", "10000000002", "荷塘里9幢101")
    again = called(file, "李芳", "10000000002", "荷塘里9幢101")
    number = merging.merge(street, who(street, two), who(street, one), why=SAID_SO, actor=DESK)
    assert who(street, one) == who(street, two) == who(street, again)
    merging.undo(street, number, actor=DESK)
    assert who(street, two) == who(street, again) != who(street, one)

    apart, _ = merging.split(
        street, [again.answer["report"]["id"]], why=SplitReason.FAMILY, actor=DESK
    )
    assert who(street, two) != who(street, again)
    merging.undo(street, apart, actor=DESK)
    assert who(street, two) == who(street, again)
    with pytest.raises(Invalid, match="至少留一条"):
        merging.split(street, [one.answer["report"]["id"]], why=SplitReason.FAMILY, actor=DESK)


def test_acts_by_hand_keep_their_reason_and_the_page_shows_both_people(
    street: Office, file: Filer
) -> None:
    one = called(file, "张伟", "10000000001")
    two = called(file, "李芳", "10000000002", HOME, source_id="JJ-2")
    keep, gone = who(street, one), who(street, two)
    (alike,) = persons.look(street, keep).alike
    assert (alike.person_id, alike.side.reports) == (gone, 1)
    with pytest.raises(Invalid, match="查无此接警单"):
        persons.merge_with(street, keep, other="", source_id="JJ-9", why=SAID_SO, actor=DESK)
    persons.merge_with(street, keep, other="", source_id="JJ-2", why=SAID_SO, actor=DESK)
    shown = persons.look(street, keep)
    assert [call.report_id for call in shown.calls] == [
        taken.answer["report"]["id"] for taken in (two, one)
    ]
    assert {str(call.caller.name) for call in shown.calls if call.caller} == {"张某", "李某"}
    assert [(act.why, act.by) for act in shown.acts] == [("said_so", "zhihui")]
    assert persons.look(street, gone).merged_into == keep
    with reading(street.engine) as conn:
        told = list(conn.execute(select(events).where(events.c.kind == "identity_merged")))
    assert [row.body for row in told] == [{"act": shown.acts[0].id, "why": "said_so"}]
    merging.undo(street, shown.acts[0].id, actor=DESK)
    assert persons.look(street, gone).merged_into is None
    with pytest.raises(Missing):
        persons.look(street, "nobody")


def test_an_older_act_waits_for_the_later_one(street: Office, file: Filer) -> None:
    one = called(file, "张伟", "10000000001")
    two = called(file, "李芳", "10000000002", "荷塘里9幢101")
    three = called(file, "王敏", "10000000003", "荷塘里9幢102")
    first = merging.merge(street, who(street, two), who(street, one), why=SAID_SO, actor=DESK)
    second = merging.merge(street, who(street, one), who(street, three), why=SAID_SO, actor=DESK)
    with pytest.raises(Conflict, match="undo the later act first"):
        merging.undo(street, first, actor=DESK)
    merging.undo(street, second, actor=DESK)
    merging.undo(street, first, actor=DESK)
    assert len({who(street, taken) for taken in (one, two, three)}) == 3


def test_a_relapse_stands_in_the_story_of_both_cases(
    street: Office, file: Filer, clock: Callable[[], datetime]
) -> None:
    now = clock()
    first = called(file, "张伟", "10000000001", received_at=now - timedelta(days=20))
    again = called(file, "张某", "10000000001", "翠柳苑3-2-402", received_at=now)
    old, new = (taken.answer["case"]["id"] for taken in (first, again))
    assert old != new

    def told(case_id: str, kind: str) -> list[dict[str, Any]]:
        timeline = case_reading.case(street, case_id, DESK).timeline
        return [dict(event.body) for event in timeline if event.kind == kind]

    (found,) = told(new, "findings")
    assert found == {"findings": ["relapse"], "earlier": old, "days": 20}
    assert told(old, "case_relapsed") == [{"again": new, "days": 20}]
    assert told(old, "findings") == []


def test_nothing_is_called_a_return_or_not_before_its_window_is_over(
    street: Office, file: Filer, clock: Callable[[], datetime]
) -> None:
    now = clock()
    for days, phone in ((200, "1"), (150, "1"), (95, "2"), (30, "3"), (10, "3")):
        called(
            file,
            "匿名",
            f"1000000000{phone}",
            f"翠柳苑{phone}幢101",
            received_at=now - timedelta(days=days),
        )
    found = register.look(street)
    assert found.tally.people == 2
    assert found.proof is None
    over = [(o.over, o.returned, o.running) for o in found.outcomes]
    assert sum(one for one, _, _ in over) <= 3
    assert sum(back for _, back, _ in over) <= 1
    with reading(street.engine) as conn:
        rows = register_store.calls(conn, now - timedelta(days=365), limit=99)
    disputes = register._disputes(street, rows, {}, now)
    assert [d.returned for d in disputes] == [True, False, False, None, None]


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


def test_a_property_managers_phone_makes_no_person_of_two_quarrels(
    street: Office, file: Filer
) -> None:
    told = "物业工作人员报警称，{}室业主{}与楼上因漏水争吵"
    one = called(file, "物业", "10000000009", "翠柳苑3幢402", text=told.format(402, "张某"))
    two = called(file, "物业", "10000000009", "翠柳苑9幢101", text=told.format(101, "李某"))
    own = called(file, "物业", "10000000009", None, text="物业公司报警称保安室玻璃被砸")
    assert len({who(street, taken) for taken in (one, two, own)}) == 3


def test_the_same_two_sides_relapse_whoever_calls(
    street: Office, file: Filer, clock: Callable[[], datetime]
) -> None:
    now = clock()
    text = "报警人称与{}因漏水争吵，要求调解"
    first = called(
        file,
        "张某",
        "10000000001",
        text=text.format("楼上李先生"),
        received_at=now - timedelta(days=20),
    )
    again = called(
        file,
        "李伟",
        "10000000002",
        "翠柳苑3幢502",
        text=text.format("楼下张女士"),
        received_at=now,
    )
    assert who(street, first) != who(street, again)
    assert again.answer["risk"]["history"]["n_90d"] == 1
    (earlier,) = register.before_case(street, again.answer["case"]["id"])
    assert (earlier.same_person, earlier.same_home) == (False, False)
