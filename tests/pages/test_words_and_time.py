"""Words, clocks, spans and urgency: pure parts of the pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shipped import shipped_district
from server.domain.views import (
    AssignmentView,
    CaseView,
    DeadlineView,
    EvidenceView,
    StepView,
    TimelineEvent,
)
from server.services import alarms
from server.web.pages import naming, saying, sentences, spans, timefmt, urgency, words
from triage.cues import Cue

NOW = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def case(key: str, **changes: object) -> CaseView:
    values: dict[str, object] = {
        "id": key,
        "opened_at": NOW,
        "status": "open",
        "route": "mediate",
        "label": "dispute",
        "category": "dispute.noise",
        "confidential": False,
        "danger": 5,
        "risk_90d": None,
        "address": None,
        "report_ids": (),
        "location": None,
        "assignment": None,
        "deadlines": (),
        "steps": (),
        "timeline": (),
        "navigation": None,
        "closed_at": None,
        "disposition": None,
    }
    return CaseView(**(values | changes))  # type: ignore[arg-type]


def given_at(at: datetime) -> AssignmentView:
    return AssignmentView("u", "顺达一组", at, "system", (), None, None)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0秒"), (59.6, "1分"), (200, "3分20秒"), (7500, "2小时05分"), (90_000, "1天1小时")],
)
def test_spans_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert timefmt.span(seconds) == said


def test_an_unknown_span_is_a_dash() -> None:
    assert timefmt.span(None) == "—"


@pytest.mark.parametrize(
    ("seconds", "said"), [(65, "1:05"), (-65, "超时 1:05"), (3661, "1:01:01"), (0.4, "0:00")]
)
def test_countdown(seconds: float, said: str) -> None:
    assert timefmt.countdown(seconds) == said


def test_moments_are_local_and_name_the_day_when_it_is_another() -> None:
    assert timefmt.moment(NOW, NOW, ZONE) == "12:00:00"
    assert timefmt.moment(NOW - timedelta(hours=13), NOW, ZONE) == "昨天 23:00"
    assert timefmt.moment(NOW - timedelta(days=3), NOW, ZONE) == "6月28日 12:00"
    assert timefmt.moment(NOW - timedelta(days=300), NOW, ZONE).startswith("2025年")


def test_every_machine_word_has_a_chinese_one() -> None:
    for table in (words.LABELS, words.ROUTES, words.CATEGORIES, words.STATUSES, words.VERDICTS):
        for said in table.values():
            assert any("\u4e00" <= letter <= "\u9fff" for letter in said), said


@pytest.mark.parametrize(
    ("share", "word"), [(0.95, "几乎肯定"), (0.5, "较可能"), (0, "几乎不可能")]
)
def test_probabilities_in_words(share: float, word: str) -> None:
    assert words.likelihood(share) == word


@given(
    st.text(max_size=30),
    st.lists(
        st.fixed_dictionaries(
            {
                "kind": st.just("weapon"),
                "start": st.integers(-2, 32),
                "end": st.integers(-2, 32),
                "negated": st.booleans(),
            }
        ),
        max_size=5,
    ),
)
def test_pieces_always_join_to_the_text(text: str, cues: list[dict[str, object]]) -> None:
    assert "".join(piece.text for piece in spans.pieces(text, cues)) == text


def test_a_cue_in_force_wins_over_an_overlapping_denied_one() -> None:
    cues = [
        {"kind": "injury", "start": 0, "end": 4, "negated": True},
        {"kind": "weapon", "start": 2, "end": 4, "negated": False},
    ]
    found = spans.pieces("没有菜刀", cues)
    assert [(piece.text, piece.in_force) for piece in found] == [("没有", False), ("菜刀", True)]


@pytest.mark.parametrize("negated", [True, False])
@pytest.mark.parametrize("mode", ["present", "past", "hypothetical", "quoted", "asked"])
def test_in_force_agrees_with_triage(mode: str, negated: bool) -> None:
    cue = Cue("weapon", "刀", 0, 1, negated, mode)  # type: ignore[arg-type]
    assert spans.in_force(cue.as_json()) is cue.in_force


def test_the_next_clock_is_the_earliest_that_waits() -> None:
    due = tuple(
        DeadlineView(step, NOW + timedelta(seconds=s), state)
        for step, s, state in (
            ("signed", 60, "met"),
            ("departed", 120, "running"),
            ("contacted", 180, "running"),
        )
    )
    found = urgency.next_due(case("a", deadlines=due, assignment=given_at(NOW)), NOW)
    assert found is not None
    assert (found.step, found.left_s, found.gone, found.overdue) == ("departed", 120, 0, False)


def test_a_missed_step_keeps_counting_until_it_is_done() -> None:
    missed = (DeadlineView("signed", NOW - timedelta(seconds=30), "missed"),)
    late = case("a", deadlines=missed, status="assigned")
    found = urgency.next_due(late, NOW)
    assert found is not None
    assert found.overdue
    done = StepView("signed", NOW, NOW, "x", EvidenceView("verified", ""))
    assert urgency.next_due(case("a", deadlines=missed, steps=(done,)), NOW) is None
    assert urgency.next_due(case("a", deadlines=missed, status="closed"), NOW) is None


def test_police_and_doubt_come_first_then_late_then_danger() -> None:
    late = (DeadlineView("signed", NOW - timedelta(seconds=1), "missed"),)
    soon = (DeadlineView("signed", NOW + timedelta(seconds=9), "running"),)
    cases = [
        case("calm", status="assigned", deadlines=soon),
        case("service", route="service"),
        case("late", status="assigned", deadlines=late),
        case("doubt", route="review", danger=70),
        case("knife", route="police", danger=95),
        case("grave", status="signed", danger=95, deadlines=soon),
    ]
    order = [found.id for found in urgency.by_urgency(cases, NOW)]
    assert order == ["knife", "doubt", "late", "grave", "service", "calm"]


def test_wall_names_hold_no_door() -> None:
    district = shipped_district()
    names = naming.of_district(district)
    place = next(p for p in district.gazetteer if p.kind == "compound")
    assert names.place(f"{place.address}{place.name}4号楼601室") == place.name
    assert names.address(f"{district.name}演示路1号") == "演示路1号"
    assert names.address(district.name) == district.name


def event(number: int, kind: str, **body: object) -> TimelineEvent:
    return TimelineEvent(number, NOW, kind, "device:bc-1", None, None, "u1", dict(body))


def test_every_kind_is_told_in_chinese_without_machine_words() -> None:
    names = saying.Names(units={"u1": "顺达一组"})
    for kind in sentences.KINDS:
        said = sentences.tell(event(1, kind), names).text
        assert "_" not in said, kind
        assert "{" not in said, kind


def test_an_unknown_kind_is_told_but_not_on_the_wall() -> None:
    said = sentences.tell(event(1, "moon_landing"), saying.Names())
    assert (said.feed, "moon_landing" in said.text) == (False, True)


def test_an_alarm_remembers_who_took_note_first() -> None:
    raised = event(1, "alarm_raised", alarm="sos", device="bc-1")
    other = event(4, "alarm_raised", alarm="sos", device="bc-2")
    noted = event(5, "alarm_acknowledged", event=1, device="bc-1")
    again = event(6, "alarm_acknowledged", event=1, device="bc-1")
    untouched, seen = alarms.with_notes([other, raised], [again, noted])
    assert (untouched.event, untouched.seen_by) == (other, None)
    assert (seen.event, seen.seen_by, seen.seen_at) == (raised, noted.actor, noted.at)
