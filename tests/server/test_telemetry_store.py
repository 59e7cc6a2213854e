"""Telemetry into the store: once, forward in time, and what is wrong is kept with its reason."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.domain.geo import Place
from server.office import Office
from server.services import telemetry
from server.store.engine import reading
from server.store.tables import dead_letters, device_states, events
from server.store.tables import telemetry as rows

HERE = Place(30.42, 120.30)


def message(clock, seq: int, kind: str = "status", **fields: object) -> dict[str, object]:
    at = clock().isoformat()
    base = {"device_id": "bc-near", "kind": kind, "v": 1, "boot": "b", "seq": seq, "sent_at": at}
    return base | {"received_at": at} | fields


def state(office: Office) -> dict[str, object]:
    with reading(office.engine) as conn:
        row = conn.execute(select(device_states).where(device_states.c.device_id == "bc-near"))
        return dict(row.one()._mapping)


def test_a_message_counts_once(street: Office, clock) -> None:
    batch = [message(clock, n, battery_pct=50) for n in range(5)]
    first = telemetry.store(street, [*batch, batch[0]])
    assert (first.accepted, first.duplicates) == (5, 1)
    again = telemetry.store(street, batch)
    assert (again.accepted, again.duplicates) == (0, 5)


def test_the_same_batch_from_many_at_once_counts_once(street: Office, clock) -> None:
    batch = [message(clock, n, battery_pct=n) for n in range(50)]
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: telemetry.store(street, batch), range(6)))
    assert sum(stored.accepted for stored in done) == 50
    with reading(street.engine) as conn:
        assert len(conn.execute(select(rows.c.id)).all()) == 50


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (17, "object"),
        ({"device_id": "x"}, "kind"),
        ({"kind": "song"}, "kind"),
        ({"v": 9}, "v "),
        ({"seq": "one"}, "seq"),
        ({"sent_at": "yesterday"}, "sent_at"),
        ({"sent_at": "2026-07-01T08:00:00"}, "sent_at"),
    ],
)
def test_a_bad_message_is_named_and_kept(street: Office, clock, bad: object, word: str) -> None:
    wrong = message(clock, 2) | bad if isinstance(bad, dict) and len(bad) < 3 else bad
    if bad == {"device_id": "x"}:
        wrong = bad
    stored = telemetry.store(street, [message(clock, 1), wrong, message(clock, 3)])
    assert (stored.accepted, [r.index for r in stored.rejected]) == (2, [1])
    assert word in stored.rejected[0].why
    with reading(street.engine) as conn:
        letter = conn.execute(select(dead_letters)).one()
    assert letter.reason == stored.rejected[0].why
    assert letter.raw


def test_a_clock_far_ahead_does_not_freeze_the_live_state(street: Office, clock, beacon) -> None:
    beacon("near", Place(30.9, 120.9), ago_s=-86_400 * 365)
    beacon("near", HERE)
    assert state(street)["lat"] == pytest.approx(HERE.lat)


def test_a_doubtful_fix_is_kept_and_marked_but_moves_nothing(street: Office, beacon) -> None:
    beacon("near", HERE)
    beacon("near", Place(31.0, 121.0), doubt=["jump"])
    beacon("near", Place(95.0, 121.0))
    assert state(street)["lat"] == pytest.approx(HERE.lat)
    with reading(street.engine) as conn:
        doubts = conn.execute(select(rows.c.doubt).order_by(rows.c.id)).scalars().all()
    assert doubts == [[], ["jump"], ["off_globe"]]


def test_alarms_are_told_at_once(street: Office, clock) -> None:
    telemetry.store(street, [message(clock, 1, "presence", state="online")])
    clock.forward(5)
    telemetry.store(street, [message(clock, 2, "presence", state="online")])
    telemetry.store(street, [message(clock, 3, "alarm", alarm="sos", active=True)])
    clock.forward(5)
    telemetry.store(street, [message(clock, 4, "presence", state="offline")])
    with reading(street.engine) as conn:
        told = conn.execute(select(events.c.kind, events.c.unit_id).order_by(events.c.id)).all()
    kinds = [row.kind for row in told if row.kind.startswith(("presence", "alarm"))]
    assert kinds == ["alarm_raised"], "presence is noticed by the sweep"
    assert state(street)["alarm"] == "sos"


def test_telemetry_of_an_unknown_device_is_kept(street: Office, clock) -> None:
    stored = telemetry.store(street, [message(clock, 1, battery_pct=9) | {"device_id": "new-1"}])
    assert stored.accepted == 1


def test_old_tracks_are_forgotten(street: Office, clock, beacon) -> None:
    from server.worker import forget_old

    beacon("near", HERE)
    clock.forward(timedelta(days=29).total_seconds())
    assert forget_old(street) == 0
    clock.forward(timedelta(days=2).total_seconds())
    assert forget_old(street) == 1
