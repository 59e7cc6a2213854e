"""A report's way in, on both databases and with the shipped model."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from server.domain.errors import Invalid
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor
from server.office import Office
from server.services import intake as service
from server.services import reading, rejudge
from server.store import events
from server.store.engine import reading as read
from triage.assessment import Assessment
from triage.report import ReportText

LEAK = "报警人称楼上漏水把家里天花板泡坏了，与楼上业主协商赔偿不成，要求调解"
KNIFE = "楼下有人拿着菜刀追着人砍，已经有人流血了，快来人"


class BrokenJudge:
    """A model file that cannot be used."""

    name = None
    fault = "no model"

    def assess_many(self, reports: Sequence[ReportText]) -> list[Assessment]:
        raise RuntimeError(f"broken on {len(reports)} texts")


def test_a_dispute_becomes_a_case_with_the_nearest_unit(street: Office, file, beacon) -> None:
    from server.domain.geo import Place

    beacon("far", Place(30.4201, 120.30))
    answer = file(LEAK).answer
    assert answer["assessment"]["label"] == "dispute"
    assert answer["route"] == answer["report"]["route"]
    assert answer["case"]["id"] == answer["report"]["case_id"]
    assert answer["assessment"]["id"] == answer["report"]["id"]
    assert [e["kind"] for e in answer["case"]["timeline"]][:2] == ["report_taken", "case_opened"]
    if answer["route"] == "mediate":
        assert answer["case"]["assignment"]["unit_id"] == "far"


def test_a_knife_never_goes_to_mediators_alone(street: Office, file) -> None:
    answer = file(KNIFE).answer
    assert answer["route"] in {"police", "joint"}
    assert answer["route"] == "joint" or answer["case"]["assignment"] is None


def test_the_same_report_again_says_the_same_word_for_word(street: Office, file) -> None:
    first = file(LEAK, source_id="A-1")
    again = file("别的话", source_id="A-1")
    assert (first.created, again.created) == (True, False)
    assert again.answer == first.answer


def test_the_same_report_at_the_same_moment_is_one(street: Office, clock, intake: Actor) -> None:
    new = NewReport("link", "X-1", clock(), LEAK)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: service.take(street, new, intake), range(8)))
    assert sum(t.created for t in taken) == 1
    assert len({t.answer["report"]["id"] for t in taken}) == 1


def test_a_repeated_call_joins_its_case(street: Office, file, clock) -> None:
    caller = Caller(phone="10000005555")
    first = file(LEAK, caller=caller).answer
    clock.forward(600)
    second = file("催一下，楼上漏水怎么还没人来", caller=caller).answer
    assert second["linked_to"] == first["report"]["id"]
    assert second["case"]["id"] == first["case"]["id"]
    assert second["case"]["report_ids"] == [first["report"]["id"], second["report"]["id"]]


def test_graver_words_in_a_repeat_raise_the_case(street: Office, file, clock) -> None:
    caller = Caller(phone="10000005555")
    first = file(LEAK, caller=caller).answer
    clock.forward(120)
    second = file("他现在拿刀要砍我，快来", caller=caller).answer
    assert second["linked_to"] == first["report"]["id"]
    assert second["case"]["route"] in {"police", "joint"}
    assert second["case"]["danger"] >= 90


def test_a_confidential_report_is_never_handed_on(street: Office, file) -> None:
    answer = file(LEAK, confidential=True).answer
    assert answer["route"] not in {"mediate", "service", "joint"}
    assert answer["case"]["assignment"] is None


def test_without_a_usable_model_the_report_is_taken_in_for_review(
    office: Office, clock, intake: Actor
) -> None:
    blind = replace(office, judge=BrokenJudge())
    answer = service.take(blind, NewReport("link", "N-1", clock(), LEAK), intake).answer
    assert answer["route"] == "review"
    assert answer["assessment"] is None
    assert rejudge.rejudge_waiting(blind) == 0
    assert rejudge.rejudge_waiting(office) == 1
    seen = reading.report(office, answer["report"]["id"], intake_reader())
    assert seen.label == "dispute"
    assert rejudge.rejudge_waiting(office) == 0


def intake_reader() -> Actor:
    from server.domain.roles import Role

    return Actor("dudao", Role.SUPERVISOR)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": " \x00 "}, "text"),
        ({"text": "长" * 4001}, "text"),
        ({"source": " "}, "source"),
        ({"source_id": "\x00"}, "source_id"),
    ],
)
def test_what_cannot_be_taken_names_its_field(file, changes: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as error:
        file(**changes)
    assert error.value.field == field


def test_a_time_in_the_far_future_is_refused(file, clock) -> None:
    with pytest.raises(Invalid, match="clock of the source"):
        file(received_at=clock() + timedelta(days=1))


def test_personal_data_is_sealed_and_matched_by_key(street: Office, file) -> None:
    phone, id_number = "10000007777", "000000190001010007"
    caller = Caller("张某某", phone, id_number)
    file(f"我是{phone}，身份证{id_number}，楼上漏水", caller=caller)
    with street.engine.connect() as conn:
        dump = "".join(
            str(row)
            for table in ("reports", "cases", "events", "predictions")
            for row in conn.execute(text(f"SELECT * FROM {table}"))
        )
    assert phone not in dump
    assert id_number not in dump
    assert "张某某" not in dump


def test_history_opens_no_case(street: Office, clock, intake: Actor) -> None:
    old = [NewReport("csv", f"H{n}", clock() - timedelta(days=9), LEAK) for n in range(3)]
    assert service.take_history_many(street, old, intake) == [True, True, True]
    assert service.take_history_many(street, old, intake) == [False, False, False]
    assert reading.case_page(street, intake).items == ()


def test_earlier_disputes_of_the_same_person_raise_the_risk(street: Office, file, clock) -> None:
    caller = Caller(phone="10000008888")
    first = file(LEAK, caller=caller).answer["risk"]
    clock.forward(4 * 86_400)
    second = file(LEAK, caller=caller).answer["risk"]
    assert second["risk_90d"] > first["risk_90d"]
    assert second["history"]["n_7d"] == 1


def test_every_act_is_an_event_and_the_chain_holds(street: Office, file) -> None:
    file(LEAK)
    file(KNIFE)
    with read(street.engine) as conn:
        kinds = [event.kind for event in events.after(conn, 0, limit=100)]
        assert events.first_break(conn) is None
    assert kinds.count("report_taken") == 2
    assert kinds.count("case_opened") == 2


def test_a_tampered_event_is_found(street: Office, file) -> None:
    file(LEAK)
    with street.engine.connect() as conn, conn.begin():
        conn.execute(text("UPDATE events SET actor = 'nobody' WHERE id = 3"))
    with read(street.engine) as conn:
        assert events.first_break(conn) == 3
