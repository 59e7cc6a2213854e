"""The spool: nothing twice, nothing lost in a crash, bounds that show."""

from __future__ import annotations

import itertools
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.confirming import Ack, Outstanding, Run, advance
from edge.errors import OutboxFull, StorageFailed
from edge.outbox import Outbox
from edge.outbox_rows import DeadLetter
from edge.shedding import Bounds
from edge.telemetry import Alarm, Envelope, Fix, Origin, Position, Status

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def status(seq: int, device_id: str = "bc-01", lowest_held: int | None = None) -> Envelope:
    origin = Origin(device_id=device_id, boot="b", seq=seq, sent_at=NOW, lowest_held=lowest_held)
    return Envelope(message=Status(origin=origin, battery_pct=50), received_at=NOW)


def sos(seq: int) -> Envelope:
    origin = Origin(device_id="bc-01", boot="b", seq=seq, sent_at=NOW)
    return Envelope(message=Alarm(origin=origin, alarm="sos", active=True), received_at=NOW)


def position(seq: int) -> Envelope:
    origin = Origin(device_id="bc-01", boot="b", seq=seq, sent_at=NOW)
    fix = Fix(fix_time=NOW, lat=30.4, lon=120.3)
    return Envelope(message=Position(origin=origin, fix=fix), received_at=NOW)


def letter(reason: str, stage: str = "broker") -> DeadLetter:
    return DeadLetter(at=NOW, stage=stage, topic="xn/v1/d/status", reason=reason, raw=b"\xff")


@pytest.fixture
def box(tmp_path: Path):
    with Outbox(tmp_path / "outbox.db") as opened:
        yield opened


def peek(box: Outbox) -> list[int]:
    return [row.seq for row in box.peek(rows=100, max_bytes=10**9)]


def test_put_peek_done(box: Outbox):
    put = box.put([status(1), status(2), status(1)], (), now=NOW)
    assert (put.stored, put.repeated) == (2, 1)
    assert box.put([status(2)], (), now=NOW).repeated == 1
    rows = box.peek(rows=10, max_bytes=10**6)
    assert box.done(rows, now=NOW).acks == (Ack("bc-01", "b", 2),)
    assert peek(box) == []
    counts = box.counts()
    assert (counts.waiting, counts.waiting_bytes, counts.oldest_at) == (0, 0, None)


def test_an_sos_goes_first(box: Outbox):
    box.put([status(1), status(2)], (), now=NOW)
    box.put([sos(3)], (), now=NOW)
    assert peek(box) == [3, 1, 2]
    assert box.counts().urgent == 1
    first = box.peek(rows=1, max_bytes=10**6)
    assert box.done(first, now=NOW).acks == ()  # 1 and 2 are not stored yet
    rest = box.peek(rows=10, max_bytes=10**6)
    assert box.done(rest, now=NOW).acks == (Ack("bc-01", "b", 3),)


def test_a_batch_is_bounded_by_bytes_but_never_empty(box: Outbox):
    box.put([status(seq) for seq in range(1, 11)], (), now=NOW)
    size = len(box.peek(rows=1, max_bytes=1)[0].body.encode())
    assert len(box.peek(rows=10, max_bytes=3 * size + 5)) == 3


def test_postponed_messages_wait_behind_the_others(box: Outbox):
    box.put([status(1), status(2), status(3)], (), now=NOW)
    box.postpone(box.peek(rows=1, max_bytes=10**6))
    assert peek(box) == [2, 3, 1]


def test_at_a_bound_nothing_of_the_group_is_stored(tmp_path: Path):
    with Outbox(tmp_path / "o.db", bounds=Bounds(rows=3)) as box:
        box.put([sos(1), sos(2)], (), now=NOW)
        with pytest.raises(OutboxFull, match="outbox_rows"):
            box.put([sos(3), sos(4)], [letter("x")], now=NOW)
        assert peek(box) == [1, 2]
        assert box.counts().dead == 0
        assert box.put([sos(1)], (), now=NOW).repeated == 1
    with (
        Outbox(tmp_path / "p.db", bounds=Bounds(stored_bytes=10)) as box,
        pytest.raises(OutboxFull),
    ):
        box.put([sos(1)], (), now=NOW)


def test_states_go_first_then_old_positions_and_never_an_alarm(tmp_path: Path):
    with Outbox(tmp_path / "o.db", bounds=Bounds(rows=4)) as box:
        box.put([position(1), status(2), position(3), sos(4)], (), now=NOW)
        assert box.put([position(5)], (), now=NOW).shed == {"state": 1}
        assert peek(box) == [4, 1, 3, 5]
        assert box.put([sos(6)], (), now=NOW).shed == {"position": 1}
        assert box.put([status(7)], (), now=NOW).shed == {"state": 1}, "before a position"
        assert box.put([sos(8), sos(9)], (), now=NOW).shed == {"position": 2}
        assert peek(box) == [4, 6, 8, 9]
        with pytest.raises(OutboxFull):
            box.put([position(10)], (), now=NOW)  # rather refused than taken and lost
        assert (box.counts().waiting, box.counts().shed) == (4, 5)
        held = sum(len(row.body.encode()) for row in box.peek(rows=9, max_bytes=10**6))
        assert box.counts().waiting_bytes == held


def test_what_was_shed_is_not_confirmed(tmp_path: Path):
    with Outbox(tmp_path / "o.db", bounds=Bounds(rows=2)) as box:
        box.put([status(1), position(2), position(3)], (), now=NOW)
        assert box.done(box.peek(rows=9, max_bytes=10**6), now=NOW).acks == ()
        box.put([position(4)], (), now=NOW)
        long_after = NOW + timedelta(days=1)  # waiting does not make it stored
        assert box.done(box.peek(rows=9, max_bytes=10**6), now=long_after).acks == ()
        box.put([status(1)], (), now=NOW)
        assert box.done(box.peek(rows=9, max_bytes=10**6), now=NOW).acks == (Ack("bc-01", "b", 4),)


def test_what_is_too_old_goes_except_alarms(tmp_path: Path):
    with Outbox(tmp_path / "o.db", bounds=Bounds(age_s=3600)) as box:
        box.put([sos(1), position(2), status(3)], (), now=NOW)
        later = NOW + timedelta(hours=2)
        assert box.put([position(4)], (), now=later).shed == {"state": 1, "position": 1}
        assert peek(box) == [1, 4]


def test_an_outbox_of_the_first_format_is_taken_over(tmp_path: Path):
    import sqlite3

    with Outbox(tmp_path / "o.db") as box:
        box.put([sos(1), position(2), status(3)], (), now=NOW)
    with sqlite3.connect(tmp_path / "o.db") as db:
        db.executescript(
            "DROP INDEX outbox_urgent; DROP INDEX outbox_postponed;"
            "ALTER TABLE outbox DROP COLUMN rank; ALTER TABLE tally DROP COLUMN shed;"
            "ALTER TABLE run DROP COLUMN shed_to;"
            "CREATE INDEX outbox_turn ON outbox (postponed, urgent DESC, id);"
            "PRAGMA user_version = 1"
        )
    with Outbox(tmp_path / "o.db", bounds=Bounds(rows=2)) as box:
        assert peek(box) == [1, 2, 3]
        box.put([sos(4)], (), now=NOW)
        assert peek(box) == [1, 4]


def test_dead_letters_are_bounded_and_what_nobody_could_read_goes_first(tmp_path: Path):
    with Outbox(tmp_path / "o.db", bounds=Bounds(dead_rows=2)) as box:
        box.put((), [letter("refused", "server"), letter("one")], now=NOW)
        assert box.put((), [letter("two")], now=NOW).dead_dropped == 1
        assert [d.reason for _, d in box.dead_letters(limit=9)] == ["two", "refused"]
        assert (box.counts().dead, box.counts().dead_dropped) == (2, 1)


def test_what_the_server_refuses_is_kept_and_confirmed(box: Outbox):
    box.put([status(1), status(2)], (), now=NOW)
    one, two = box.peek(rows=2, max_bytes=10**6)
    confirmed = box.settle([one], [(two, "lat: no")], now=NOW)
    assert confirmed.acks == (Ack("bc-01", "b", 2),)
    (_, dead), *_ = box.dead_letters(limit=5)
    assert (dead.stage, dead.reason, dead.raw.decode()) == ("server", "lat: no", two.body)


def test_a_gap_is_waited_for_and_then_given_up(tmp_path: Path):
    with Outbox(tmp_path / "o.db", gap_s=60) as box:
        box.put([status(1), status(3)], (), now=NOW)
        rows = box.peek(rows=9, max_bytes=10**6)
        assert box.done(rows, now=NOW).acks == (Ack("bc-01", "b", 1),)
        box.put([status(4)], (), now=NOW)
        later = NOW + timedelta(seconds=61)
        confirmed = box.done(box.peek(rows=9, max_bytes=10**6), now=later)
        assert (confirmed.acks, confirmed.given_up) == ((Ack("bc-01", "b", 4),), 1)


def test_progress_survives_a_restart(tmp_path: Path):
    with Outbox(tmp_path / "o.db") as box:
        box.put([status(1), status(2), status(4)], (), now=NOW)
        box.done(box.peek(rows=9, max_bytes=10**6), now=NOW)
    with Outbox(tmp_path / "o.db") as box:
        box.put([status(3)], (), now=NOW)
        rows = box.peek(rows=9, max_bytes=10**6)
        assert box.done(rows, now=NOW).acks == (Ack("bc-01", "b", 4),)


def test_a_newer_file_is_refused(tmp_path: Path):
    with sqlite3.connect(tmp_path / "o.db") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageFailed, match="newer version"):
        Outbox(tmp_path / "o.db")


def test_a_file_that_is_no_database_is_named(tmp_path: Path):
    (tmp_path / "o.db").write_bytes(b"no database " * 100)
    with pytest.raises(StorageFailed, match=r"o\.db did not store"):
        Outbox(tmp_path / "o.db")


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from edge.outbox import Outbox
from edge.telemetry import Envelope, Origin, Status
now = datetime.now(UTC)
box = Outbox(Path(sys.argv[1]))
for seq in range(1, 100_000):
    origin = Origin(device_id="bc-01", boot="b", seq=seq, sent_at=now)
    box.put([Envelope(message=Status(origin=origin), received_at=now)], (), now=now)
    sys.stdout.write(f"{seq}\\n")
    sys.stdout.flush()
"""


def test_what_put_returned_for_is_there_after_kill_9(tmp_path: Path):
    path = tmp_path / "outbox.db"
    told = 0
    for round_ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, env=os.environ
        )
        assert writer.stdout is not None
        for line in writer.stdout:
            told = max(told, int(line))
            if int(line) >= 60 * (round_ + 1):
                break
        writer.kill()
        rest = writer.stdout.read().split()
        told = max([told, *map(int, rest)])
        writer.wait(10)
    with Outbox(path) as box:
        seqs = [row.seq for row in box.peek(rows=10**6, max_bytes=10**9)]
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(seqs) >= told >= 180
        assert box.counts().waiting == len(seqs)


def test_the_first_numbers_count_too():
    def start(*seqs: int) -> int:
        return advance(Run(), set(seqs), outstanding=Outstanding(), now_s=0, gap_s=9).run.seq

    assert start(1, 2) == 2
    assert start(0) == 0
    assert start(0, 1, 2) == 2
    assert start(2, 3) == -1
    assert start(57) == -1


@given(
    order=st.permutations(range(1, 15)),
    cuts=st.lists(st.integers(1, 14), max_size=4),
)
def test_a_confirmation_never_says_more_than_is_stored(order: list[int], cuts: list[int]):
    run, stored = Run(), set()
    edges = [0, *sorted(set(cuts)), len(order)]
    for begin, end in itertools.pairwise(edges):
        group = set(order[begin:end])
        stored |= group
        outstanding = Outstanding(lowest_in_outbox=None)
        run = advance(run, group, outstanding=outstanding, now_s=0.0, gap_s=60).run
        assert all(number in stored for number in range(1, run.seq + 1))
    assert run == Run(seq=14)


@given(
    above=st.sets(st.integers(3, 20), min_size=1),
    lowest_in_outbox=st.integers(2, 20) | st.none(),
    lowest_held=st.integers(0, 25) | st.none(),
)
def test_no_rule_passes_what_still_waits_in_the_outbox(
    above: set[int], lowest_in_outbox: int | None, lowest_held: int | None
):
    above = above - {lowest_in_outbox}
    outstanding = Outstanding(lowest_in_outbox, lowest_held)
    first = advance(Run(seq=1), above, outstanding=outstanding, now_s=0, gap_s=5)
    later = advance(first.run, set(), outstanding=outstanding, now_s=99, gap_s=5)
    for found in (first, later):
        assert lowest_in_outbox is None or found.run.seq < lowest_in_outbox
        assert found.given_up >= 0
