"""What to label next, the unbiased estimate, suspects, readers who drift; on both databases."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.domain import readers
from server.domain.errors import Conflict, Invalid
from server.domain.opinions import Opinion
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import choosing, opinions, review, suspects
from server.services.intake import Taken
from triage.taxonomy import Label

ANNA = Actor("made-up-anna", Role.DISPATCHER)
BERT = Actor("made-up-bert", Role.DISPATCHER)
NOW = datetime(2026, 7, 1, tzinfo=UTC)


def report_of(taken: Taken) -> str:
    return str(taken.answer["report"]["id"])  # type: ignore[index,call-overload]


@pytest.fixture
def audited(with_settings: Callable[..., Office]) -> Office:
    """An office that draws every report for its audit."""
    return with_settings(learning={"audit_share": 1.0})


def test_a_chosen_report_is_said_once_and_counts_in_the_estimate(
    audited: Office, file: Callable[..., Taken]
) -> None:
    ids = [report_of(file()) for _ in range(3)]
    batch = choosing.to_label(audited)
    assert {row.report_id for row in batch.rows} == set(ids)
    assert batch.by_reason == {"audit": 3}
    empty = choosing.estimate(audited)
    assert (empty.drawn, empty.labelled, empty.wrong) == (3, 0, None)
    for report_id in ids[:2]:
        choosing.say(
            audited, report_id, label=Label.DISPUTE, category=None, actor=ANNA, reason="audit"
        )
    # An operator who corrects first must not take the fault out of the sample.
    review.correct(audited, ids[2], label=Label.POLICE, actor=BERT, screen="console")
    found = choosing.estimate(audited)
    assert (found.drawn, found.labelled) == (3, 3)
    assert found.wrong is not None
    assert found.wrong.value == pytest.approx(1 / 3)
    assert found.wrong.low <= 1 / 3 <= found.wrong.high
    assert choosing.to_label(audited).rows == ()
    with pytest.raises(Conflict):
        choosing.say(audited, ids[0], label=Label.POLICE, category=None, actor=BERT, reason="audit")


def test_an_unknown_reason_is_refused(office: Office, file: Callable[..., Taken]) -> None:
    with pytest.raises(Invalid):
        choosing.say(
            office, report_of(file()), label=Label.POLICE, category=None, actor=ANNA, reason="?"
        )


def test_confidential_reports_are_not_shown_around(
    audited: Office, file: Callable[..., Taken]
) -> None:
    file(confidential=True)
    assert choosing.to_label(audited).rows == ()
    assert choosing.estimate(audited).drawn == 0


def test_suspects_of_a_run_wait_for_somebody_else(
    office: Office, file: Callable[..., Taken], clock: Any
) -> None:
    report_id = report_of(file())
    review.correct(office, report_id, label=Label.SERVICE, actor=ANNA)
    at = (clock() + timedelta(minutes=1)).isoformat()
    line = {"why": "confident", "id": "corrections:1", "label": "service", "at": at}
    lines = [line | {"report_id": report_id}, line, {"why": "?"}]
    text = "\n".join(json.dumps(one) for one in lines) + '\n{"torn'
    (office.home / suspects.SUSPECTS_FILE).write_text(text, "utf-8")
    assert suspects.queue(office, ANNA).rows == ()
    found = suspects.queue(office, BERT)
    assert [row.report_id for row in found.rows] == [report_id]
    assert found.in_files == 1
    clock.forward(120)
    opinions.second(
        office, report_id, label=Label.DISPUTE, category=None, actor=BERT, purpose="suspect"
    )
    assert suspects.queue(office, Actor("made-up-carl", Role.DISPATCHER)).rows == ()


def word(by: str, label: Label, days_ago: float, category: str | None = None) -> Opinion:
    return Opinion(by, NOW - timedelta(days=days_ago), label, category)


def test_kappa_by_label_and_leaf() -> None:
    readings = [
        [word("a", Label.POLICE, 1, "police.theft"), word("b", Label.POLICE, 1, "police.theft")],
        [word("a", Label.DISPUTE, 1), word("b", Label.SERVICE, 1)],
        [word("a", Label.DISPUTE, 1), word("b", Label.DISPUTE, 1)],
        [word("a", Label.SERVICE, 1), word("b", Label.SERVICE, 1)],
    ]
    by_label = {row.word: row for row in readers.by_label(readings)}
    assert by_label["police"].kappa == pytest.approx(1.0)
    assert by_label["dispute"].kappa == pytest.approx(0.5)
    assert (by_label["dispute"].n, by_label["dispute"].used) == (4, 2)
    [leaf] = readers.by_category(readings)
    assert (leaf.word, leaf.n, leaf.kappa) == ("police.theft", 1, None)


def read(seed: int, tired: float) -> list[list[Opinion]]:
    """150 days of reports read by two of three people; c is wrong more often of late."""
    dice, found = random.Random(seed), []
    for _ in range(900):
        ago, truth = dice.uniform(0, 150), dice.choice(list(Label))
        pair = dice.sample(["a", "b", "c"], 2)
        said = []
        for name in pair:
            wrong = dice.random() < (0.08 + (tired if name == "c" and ago < 30 else 0.0))
            said.append(word(name, dice.choice(list(Label)) if wrong else truth, ago))
        found.append(said)
    return found


def test_a_reader_who_drifts_is_named_and_nobody_else() -> None:
    [first, *rest] = readers.readers(read(1, 0.5), NOW)
    assert (first.name, first.drifts) == ("c", True)
    assert first.share < first.share_before
    assert not any(row.drifts for row in rest)


def test_steady_readers_are_left_alone() -> None:
    named = [row.drifts for seed in range(30) for row in readers.readers(read(seed, 0.0), NOW)]
    assert sum(named) <= 2
    assert len(named) == 90
