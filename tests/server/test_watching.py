"""Drift day by day: the rules alone, then the office's own rows on both databases."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from server.domain import watching as rules
from server.domain.drift import Alert
from server.domain.watching import Seen, Watch, Way, Word
from server.office import Office
from server.services import audit, watching
from server.services.intake import Taken
from server.store import reports as report_rows
from server.store.engine import writing
from server.store.events import EventFilter

MONDAY = date(2026, 7, 6)


def watch(what: str) -> Watch:
    return next(one for one in rules.WATCHES if one.what == what)


def seen(dice: random.Random, *, longer: float = 0.0) -> Seen:
    length = round(dice.lognormvariate(3.5 + longer, 0.5))
    return Seen(length, dice.random() < 0.2, dice.random() / 3, dice.random(), "dispute", True)


def test_a_shift_alarms_on_the_second_day_and_ends_on_the_second_calm_one() -> None:
    dice, past, alert = random.Random(2), {}, Alert()
    raised = []
    for number in range(80):
        day = MONDAY + timedelta(days=number)
        rows = [seen(dice, longer=1.0 if 36 <= number < 44 else 0.0) for _ in range(60)]
        made = rules.judged(watch("length"), day, rules.counted(rows, [])["length"], past, alert)
        past[day], alert = made.counts, made.alert
        raised.append(alert.raised)
    assert not any(raised[:36])
    first = raised.index(True)
    assert 37 <= first <= 41
    assert not raised[-1]


def test_calm_days_hardly_ever_alarm() -> None:
    """Each of the six watches of reports, 5 half years of 30 reports a day."""
    alarms = 0
    for seed in range(5):
        dice, past, alerts = random.Random(seed), {}, dict.fromkeys(map(watch_name, six()), Alert())
        for number in range(180):
            day = MONDAY + timedelta(days=number)
            counts = rules.counted([seen(dice) for _ in range(30)], [])
            for one in six():
                mine = {d: c[one.what] for d, c in past.items() if (day - d).days < 36}
                alerts[one.what] = rules.judged(
                    one, day, counts[one.what], mine, alerts[one.what]
                ).alert
                alarms += alerts[one.what].raised
            past[day] = counts
    assert alarms <= 2


def watch_name(one: Watch) -> str:
    return one.what


def six() -> list[Watch]:
    return [one for one in rules.WATCHES if one.what not in {"agreement", "calibration"}]


def test_too_few_rows_say_nothing_and_leave_the_alert() -> None:
    made = rules.judged(watch("label"), MONDAY, {"police": 3.0}, {}, Alert(raised=True))
    assert (made.value, made.alert.raised, made.rows) == (None, True, 3)


def test_falling_agreement_and_bad_calibration_have_a_value() -> None:
    before = {"yes": 90.0, "no": 10.0}
    assert rules.value_of(watch("agreement"), before, {"yes": 50.0, "no": 50.0}) == pytest.approx(
        0.4
    )
    assert rules.value_of(watch("agreement"), before, {"yes": 99.0, "no": 1.0}) == 0.0
    words = [Word("police", 0.95, "police" if i % 2 else "dispute") for i in range(100)]
    counts = rules.counted([], words)["calibration"]
    assert rules.value_of(watch("calibration"), {}, counts) == pytest.approx(0.45)
    assert watch("calibration").way is Way.ERROR
    assert rules.calibration_error({}) is None


def test_days_add_up_to_weeks() -> None:
    days = [rules.Day(MONDAY + timedelta(days=n), "label", 1, {"police": 1.0}) for n in range(9)]
    assert rules.weekly(days) == [
        (MONDAY, {"police": 7.0}), (MONDAY + timedelta(days=7), {"police": 2.0})
    ]  # fmt: skip


@pytest.fixture
def busy(office: Office, clock: Any, file: Callable[..., Taken]) -> Callable[..., None]:
    """Reports of the last hours as copies of one real report: ``busy(30, "police")``."""
    answer = file().answer
    report_id = str(answer["report"]["id"])  # type: ignore[index,call-overload]
    with writing(office.engine) as conn:
        row = dict(report_rows.find(conn, report_id)._mapping)  # type: ignore[union-attr]
        said = dict(report_rows.last_prediction(conn, report_id)._mapping)  # type: ignore[union-attr]
    del said["id"]
    count = iter(range(10_000))

    def make(n: int, label: str) -> None:
        ids = [f"copy-{next(count)}" for _ in range(n)]
        p = {name: 0.9 if name == label else 0.05 for name in ("police", "dispute", "service")}
        told = said["assessment"] | {"label": label, "p": p}
        fresh = {"received_at": clock(), "taken_at": clock(), "label": label}
        with writing(office.engine) as conn:
            report_rows.add(conn, [row | fresh | {"id": i, "source_id": i} for i in ids])
            report_rows.add_predictions(
                conn,
                [said | {"report_id": i, "at": clock(), "assessment": told} for i in ids],
            )

    return make


def test_the_worker_keeps_each_day_once_and_tells_a_shift(
    office: Office, clock: Any, busy: Callable[..., None]
) -> None:
    def kept() -> int:
        return sum(iter(lambda: watching.keep_days(office), 0))

    assert watching.keep_days(office) == 0
    for _ in range(12):
        busy(10, "dispute")
        clock.forward(86_400)
    for _ in range(9):
        busy(20, "police")
        clock.forward(86_400)
    assert kept() == 21
    assert kept() == 0
    label = next(one for one in watching.history(office) if one.watch.what == "label")
    assert label.now is not None
    assert label.now.rows == 20
    assert label.now.alert.raised
    assert set(watching.standing(office)) >= {"label", "police_score"}
    told = audit.event_page(office, EventFilter(kind="drift_raised")).items
    assert {event.body["what"] for event in told} >= {"label", "police_score"}
    assert len(told) == len({event.body["what"] for event in told})
