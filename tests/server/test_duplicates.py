"""Two cases that are one event: offered, joined by a person, taken apart; and the random audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.domain.audit_sample import REASON, AuditFigures, wilson
from server.domain.duplicates import JoinReason, Traits, offers
from server.domain.errors import CaseClosed, Conflict, Missing
from server.domain.geo import Place
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import audits, dispatch, duplicates, intake, reading, review, roster
from triage.selection import is_audited
from triage.taxonomy import Label, Route

LINE = Actor("line", Role.INTAKE)
DISPATCHER = Actor("zhihui", Role.DISPATCHER)
ADMIN = Actor("admin", Role.ADMIN)
NOISE = "报警人称楼上住户半夜放音乐吵得睡不着，上门说过两次没有用，要求调解噪音纠纷"


def take(office: Office, number: int, **fields: object) -> dict[str, str]:
    new = NewReport(
        source="110",
        source_id=f"D-{number}",
        received_at=office.clock(),
        text=NOISE,
        address="临溪镇演示路1号",
        place=Place(30.42, 120.3),
        caller=Caller(name="李某某", phone=f"1000000{number:04d}"),
    )
    answer = intake.take(office, replace(new, **fields), LINE).answer["report"]  # type: ignore[arg-type]
    assert isinstance(answer, dict)
    return {"report": str(answer["id"]), "case": str(answer["case_id"])}


def traits(case_id: str, at: object, **fields: object) -> Traits:
    base = Traits(case_id, at, frozenset(), None, None, "dispute.noise")  # type: ignore[arg-type]
    return replace(base, **fields)  # type: ignore[arg-type]


def test_offers_need_more_than_the_hour_and_the_kind(office: Office) -> None:
    now = office.clock()
    here, next_door = Place(30.42, 120.3), Place(30.4203, 120.3)
    mine = traits("m", now, address_key="a", place=here, caller_keys=frozenset({"p"}))
    found = offers(
        mine,
        [
            mine,
            traits("same-address", now, address_key="a"),
            traits("same-caller", now, caller_keys=frozenset({"p"})),
            traits("next-door", now, place=next_door),
            traits("next-door-long-ago", now - timedelta(days=3), place=next_door, category=None),
            traits("elsewhere", now, place=Place(30.5, 120.3)),
        ],
    )
    assert [offer.case_id for offer in found] == ["same-caller", "same-address", "next-door"]
    assert found[0].why == ("same_caller", "soon", "same_category")
    assert found[2].distance_m == pytest.approx(33, abs=1)


def test_two_calls_about_one_event_become_one_case_and_two_again(office: Office) -> None:
    first, second = take(office, 1), take(office, 2)
    offered = duplicates.offers(office, second["case"])
    assert [view.case.id for view in offered] == [first["case"]]
    assert "same_address" in offered[0].offer.why
    into = duplicates.join(office, second["case"], first["case"], JoinReason.SAME_EVENT, DISPATCHER)
    assert into.report_ids == (first["report"], second["report"])
    gone = reading.case(office, second["case"], DISPATCHER)
    assert (gone.status, gone.disposition, gone.report_ids) == ("closed", "invalid", ())
    assert reading.report(office, second["report"], DISPATCHER).linked_to == first["report"]
    assert [e.kind for e in gone.timeline][-1] == "case_joined"
    assert gone.timeline[-1].body["reason"] == "same_event"
    [made] = duplicates.joins(office, first["case"])
    assert (made.inward, made.other_id, made.reports) == (True, second["case"], 1)
    back = duplicates.take_apart(office, made.number, DISPATCHER)
    assert (back.status, back.disposition, back.report_ids) == ("open", None, (second["report"],))
    assert reading.report(office, second["report"], DISPATCHER).linked_to is None
    assert duplicates.joins(office, first["case"]) == []
    with pytest.raises(Conflict):
        duplicates.take_apart(office, made.number, DISPATCHER)


def test_a_unit_is_called_back_and_graver_words_raise_the_route(office: Office) -> None:
    roster.add_unit(
        office, "u-1", name="顺达一组", point="顺达", place=Place(30.42, 120.3), actor=ADMIN
    )
    with_unit, other = take(office, 1)["case"], take(office, 2)["case"]
    assert reading.case(office, with_unit, DISPATCHER).assignment is not None
    duplicates.join(office, with_unit, other, JoinReason.OTHER_PARTY, DISPATCHER)
    kinds = [e.kind for e in reading.case(office, with_unit, DISPATCHER).timeline]
    assert "assignment_ended" in kinds
    assert dispatch.assign(office, other, "u-1", DISPATCHER).assignment is not None
    third = take(office, 3)
    review.decide_route(office, third["case"], Route.POLICE, actor=DISPATCHER)
    duplicates.join(office, third["case"], other, JoinReason.SAME_CALLER, DISPATCHER)
    assert reading.case(office, other, DISPATCHER).route == "police"


def test_what_must_stay_apart_does(office: Office) -> None:
    one, two = take(office, 1), take(office, 2)
    secret = take(office, 3, confidential=True)
    with pytest.raises(Conflict):
        duplicates.join(office, one["case"], one["case"], JoinReason.SAME_EVENT, DISPATCHER)
    with pytest.raises(Conflict):
        duplicates.join(office, secret["case"], one["case"], JoinReason.SAME_EVENT, DISPATCHER)
    duplicates.join(office, two["case"], one["case"], JoinReason.SAME_EVENT, DISPATCHER)
    with pytest.raises(CaseClosed):
        duplicates.join(office, two["case"], one["case"], JoinReason.SAME_EVENT, DISPATCHER)
    assert duplicates.offers(office, secret["case"]) == []


def test_a_chain_of_joins_is_undone_from_its_end(office: Office) -> None:
    a, b, c = (take(office, number)["case"] for number in (1, 2, 3))
    duplicates.join(office, a, b, JoinReason.SAME_EVENT, DISPATCHER)
    duplicates.join(office, b, c, JoinReason.SAME_EVENT, DISPATCHER)
    [first] = duplicates.joins(office, a)
    with pytest.raises(Conflict):
        duplicates.take_apart(office, first.number, DISPATCHER)
    [second] = duplicates.joins(office, c)
    duplicates.take_apart(office, second.number, DISPATCHER)
    duplicates.take_apart(office, first.number, DISPATCHER)
    assert [len(reading.case(office, x, DISPATCHER).report_ids) for x in (a, b, c)] == [1, 1, 1]


def test_a_case_is_found_by_the_end_of_its_number(office: Office) -> None:
    case_id = take(office, 1)["case"]
    assert duplicates.case_with_number(office, case_id[-6:].lower()) == case_id
    with pytest.raises(Missing):
        duplicates.case_with_number(office, "%%%%%%")


# -- spot checks --------------------------------------------------------------------------


def auditing(office: Office, share: float) -> Office:
    """Spot checks alone: next to nothing is drawn for the blind audit, which goes first."""
    settings = office.settings.model_copy(
        update={
            "review": office.settings.review.model_copy(update={"spot_check_share": share}),
            "learning": office.settings.learning.model_copy(update={"audit_share": 1e-9}),
        }
    )
    return replace(office, settings=settings)


def test_the_draw_keeps_its_share_and_the_interval_is_wilsons() -> None:
    drawn = sum(is_audited(f"R{number}", 0.1, "key") for number in range(20_000))
    assert 1_850 < drawn < 2_150
    assert not any(is_audited(f"R{number}", 0.0, "key") for number in range(1000))
    assert all(is_audited(f"R{number}", 1.0, "key") for number in range(1000))
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert AuditFigures(3, 0, 0).interval is None


def test_what_nobody_doubts_waits_for_an_audit_until_somebody_looks(office: Office) -> None:
    office = auditing(office, 1.0)
    plain, wrong = take(office, 1), take(office, 2)
    secret = take(office, 3, confidential=True)
    doubted = take(office, 4, text="吵")
    assert reading.report(office, doubted["report"], DISPATCHER).route == "review"
    waiting = [case.id for case in audits.waiting_cases(office, limit=9)]
    assert waiting == [plain["case"], wrong["case"]]
    assert audits.waiting_reports(office, [plain["case"], secret["case"]]) == {
        plain["case"]: plain["report"]
    }
    audits.agree(office, plain["report"], DISPATCHER)
    with pytest.raises(Conflict):
        audits.agree(office, plain["report"], DISPATCHER)
    review.correct(office, wrong["report"], label=Label.SERVICE, actor=DISPATCHER)
    assert audits.waiting_cases(office, limit=9) == []
    assert audits.figures(office) == AuditFigures(drawn=2, looked=2, changed=1)
    kinds = [event.kind for event in reading.latest_events(office, limit=50)]
    assert kinds.count("audit_agreed") == 1
    assert REASON == "random_audit"


def test_what_the_blind_audit_draws_is_never_shown_beside_the_models_word(office: Office) -> None:
    """Or the unbiased figures would rest on people who had just read the model's answer."""
    checked = auditing(office, 1.0)
    blind = office.settings.learning.model_copy(update={"audit_share": 1.0})
    settings = checked.settings.model_copy(update={"learning": blind})
    take(replace(checked, settings=settings), 1)
    assert audits.figures(office).drawn == 0


def test_without_a_share_nothing_is_drawn(office: Office) -> None:
    take(auditing(office, 0.0), 1)
    assert audits.figures(office).drawn == 0
